// Frames as a server of three simulated nodes sent them to a page that watches the overview of one, for tests.

export const HELLO = '{"hello":{"epoch":"6612d71f44832","version":"0.1.0"}}';

/** Of the same server after a restart. */
export const OTHER_HELLO = '{"hello":{"epoch":"6612d7b30a91c","version":"0.1.0"}}';

export const SUBSCRIBED = '{"subscribed":{"sub":1,"view":"v3","nodes":["attic"],"hz":5.0}}';

export const FAULT = '{"error":{"reason":"there is no node nobody","sub":9}}';

export const SNAPSHOT =
  '{"t":"2026-11-26T12:54:43.798Z","load":0.00,"messages":[{"view":"v3","seq":1,"kind":"snapshot","data":{"actions":{"GET":{"bytes":11541504,"canceled":15,"count":309,"failed":7,"success":287,"success_rate":0.9288},"GET_AUDIT":{"bytes":4608,"count":18,"success":18,"success_rate":1.0},"GET_CONVERT":{"bytes":2816,"count":1,"success":1,"success_rate":1.0},"GET_REPAIR":{"bytes":99248896,"canceled":3,"count":83,"success":80,"success_rate":0.9639},"PUT":{"bytes":248039168,"canceled":14,"count":225,"failed":11,"success":200,"success_rate":0.8889},"PUT_REPAIR":{"bytes":100408320,"canceled":5,"count":83,"failed":4,"success":74,"success_rate":0.8916},"UPLOAD":{"bytes":0,"count":0,"rejected":9,"success":0}},"alerts":{"active":0},"disk":{"available_bytes":14457786548480,"nodes_count":1,"total_bytes":19052905608004,"trash_bytes":54471430116,"used_bytes":4540647629408},"earnings":{"forecast":"3.58","forecast_micro_usd":3576600,"nodes_count":1,"so_far":"2.96","so_far_micro_usd":2959100},"nodes":{"attic":{"disk":{"available_bytes":14457786548480,"total_bytes":19052905608004,"trash_bytes":54471430116,"used_bytes":4540647629408},"earnings":{"forecast":"3.58","forecast_micro_usd":3576600,"so_far":"2.96","so_far_micro_usd":2959100},"health":{"sentence":"The log tells of uploads and downloads.","state":"lively"},"last_record":"2026-11-26T12:56:17Z","rates":{"egress":{"bits_per_second":872853,"pieces_per_second":0.26},"ingress":{"bits_per_second":1254127,"pieces_per_second":0.12}},"total":{"bytes":459245312,"canceled":37,"count":719,"failed":22,"rejected":9,"success":660,"success_rate":0.9179}}},"nodes_count":1,"rates":{"egress":{"bits_per_second":872853,"pieces_per_second":0.26},"ingress":{"bits_per_second":1254127,"pieces_per_second":0.12}},"since":"2026-11-26T00:00:00Z","total":{"bytes":459245312,"canceled":37,"count":719,"failed":22,"rejected":9,"success":660,"success_rate":0.9179}}}]}';

/** A download that was canceled. */
export const PATCH =
  '{"t":"2026-11-26T12:54:43.999Z","load":0.00,"messages":[{"view":"v3","seq":2,"base":1,"kind":"patch","data":{"actions":{"GET":{"canceled":16,"count":310,"success_rate":0.9258}},"nodes":{"attic":{"rates":{"egress":{"bits_per_second":870743}},"total":{"canceled":38,"count":720,"success_rate":0.9167}}},"rates":{"egress":{"bits_per_second":870743}},"total":{"canceled":38,"count":720,"success_rate":0.9167}}}]}';

/** The one after the next: whoever has not seen 3 has a gap. */
export const LATER_PATCH =
  '{"t":"2026-11-26T12:54:44.527Z","load":0.00,"messages":[{"view":"v3","seq":4,"base":3,"kind":"patch","data":{"nodes":{"attic":{"rates":{"egress":{"bits_per_second":865295}}}},"rates":{"egress":{"bits_per_second":865295}}}}]}';

/** What was asked for anew, later. */
export const NEW_SNAPSHOT =
  '{"t":"2026-11-26T12:54:47.796Z","load":0.00,"messages":[{"view":"v3","seq":16,"kind":"snapshot","data":{"actions":{"GET":{"bytes":11552000,"canceled":17,"count":314,"failed":7,"success":290,"success_rate":0.9236},"GET_AUDIT":{"bytes":4608,"count":18,"success":18,"success_rate":1.0},"GET_CONVERT":{"bytes":2816,"count":1,"success":1,"success_rate":1.0},"GET_REPAIR":{"bytes":99248896,"canceled":3,"count":83,"success":80,"success_rate":0.9639},"PUT":{"bytes":250603264,"canceled":15,"count":229,"failed":11,"success":203,"success_rate":0.8865},"PUT_REPAIR":{"bytes":100408320,"canceled":5,"count":83,"failed":4,"success":74,"success_rate":0.8916},"UPLOAD":{"bytes":0,"count":0,"rejected":9,"success":0}},"alerts":{"active":0},"disk":{"available_bytes":14457786548480,"nodes_count":1,"total_bytes":19052905608004,"trash_bytes":54471430116,"used_bytes":4540647629408},"earnings":{"forecast":"3.58","forecast_micro_usd":3576600,"nodes_count":1,"so_far":"2.96","so_far_micro_usd":2959100},"nodes":{"attic":{"disk":{"available_bytes":14457786548480,"total_bytes":19052905608004,"trash_bytes":54471430116,"used_bytes":4540647629408},"earnings":{"forecast":"3.58","forecast_micro_usd":3576600,"so_far":"2.96","so_far_micro_usd":2959100},"health":{"sentence":"The log tells of uploads and downloads.","state":"lively"},"last_record":"2026-11-26T12:56:17Z","rates":{"egress":{"bits_per_second":835764,"pieces_per_second":0.31},"ingress":{"bits_per_second":1596006,"pieces_per_second":0.17}},"total":{"bytes":461819904,"canceled":40,"count":728,"failed":22,"rejected":9,"success":666,"success_rate":0.9148}}},"nodes_count":1,"rates":{"egress":{"bits_per_second":835764,"pieces_per_second":0.31},"ingress":{"bits_per_second":1596006,"pieces_per_second":0.17}},"since":"2026-11-26T00:00:00Z","total":{"bytes":461819904,"canceled":40,"count":728,"failed":22,"rejected":9,"success":666,"success_rate":0.9148}}}]}';

/** Not recorded, as it is rare: the disk is not known any more. */
export const REMOVAL = '{"t":"2026-11-26T12:54:44.200Z","load":0.00,"messages":[{"view":"v3","seq":3,"base":2,"kind":"patch","data":{"nodes":{"attic":{"disk":null}}}}]}';

/** A part of what `overview` is. */
interface Overview {
  total: Record<string, number>;
  actions: Record<string, Record<string, number>>;
  nodes: Record<string, object>;
}
const stateOf = (frame: string) => (JSON.parse(frame) as { messages: [{ data: Overview }] }).messages[0].data;

/** What `overview` is in the first snapshot, and in the later one. */
export const OVERVIEW = stateOf(SNAPSHOT);
export const NEW_OVERVIEW = stateOf(NEW_SNAPSHOT);
