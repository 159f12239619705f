// Frames as a server sends them, for tests.

export const HELLO = '{"hello":{"epoch":"18f2a1","version":"0.1.0"}}';

export const OTHER_HELLO = '{"hello":{"epoch":"18f2b7","version":"0.1.0"}}';

export const SUBSCRIBED = '{"subscribed":{"sub":1,"view":"v1","nodes":["attic"],"hz":5.0}}';

export const FAULT = '{"error":{"reason":"there is no node nobody","sub":9}}';

/** What `overview` is of one node, a little shortened. */
export const OVERVIEW = {
  since: '2026-11-26T00:00:00Z',
  nodes_count: 1,
  total: { count: 1204, success: 1190, bytes: 2400113664, canceled: 13, failed: 1, success_rate: 0.9884 },
  actions: {
    GET: { count: 900, success: 888, bytes: 1900113664, canceled: 12, success_rate: 0.9867 },
    PUT: { count: 304, success: 302, bytes: 500000000, canceled: 1, failed: 1, rejected: 4, success_rate: 0.9934 },
  },
  rates: {
    ingress: { bits_per_second: 1066667, pieces_per_second: 0.42 },
    egress: { bits_per_second: 4053333, pieces_per_second: 1.25 },
  },
  alerts: { active: 1 },
  nodes: {
    attic: {
      total: { count: 1204, success: 1190, bytes: 2400113664, canceled: 13, failed: 1, success_rate: 0.9884 },
      rates: {
        ingress: { bits_per_second: 1066667, pieces_per_second: 0.42 },
        egress: { bits_per_second: 4053333, pieces_per_second: 1.25 },
      },
      health: { state: 'lively', sentence: 'the log tells of transfers' },
      last_record: '2026-11-26T10:31:04.25Z',
      disk: { used_bytes: 3100000000000, trash_bytes: 40000000000, available_bytes: 860000000000, total_bytes: 4000000000000 },
    },
  },
};

const at = (second: string) => `"t":"2026-11-26T10:31:${second}Z","load":0.12`;

export const SNAPSHOT = `{${at('04.300')},"messages":[{"view":"v1","seq":40,"kind":"snapshot","data":${JSON.stringify(OVERVIEW)}}]}`;

/** One more download. */
export const PATCH = `{${at('04.375')},"messages":[{"view":"v1","seq":41,"base":40,"kind":"patch","data":{"actions":{"GET":{"bytes":1902434944,"count":901,"success":889}},"nodes":{"attic":{"last_record":"2026-11-26T10:31:04.3Z","total":{"bytes":2402434944,"count":1205,"success":1191}}},"total":{"bytes":2402434944,"count":1205,"success":1191}}}]}`;

/** The one after the next: whoever has not seen 42 has a gap. */
export const LATER_PATCH = `{${at('04.525')},"messages":[{"view":"v1","seq":43,"base":42,"kind":"patch","data":{"alerts":{"active":2}}}]}`;

/** The disk is not known any more. */
export const REMOVAL = `{${at('05.000')},"messages":[{"view":"v1","seq":42,"base":41,"kind":"patch","data":{"nodes":{"attic":{"disk":null}}}}]}`;

export const NEW_SNAPSHOT = `{${at('05.100')},"messages":[{"view":"v1","seq":44,"kind":"snapshot","data":{"nodes_count":1,"alerts":{"active":2}}}]}`;
