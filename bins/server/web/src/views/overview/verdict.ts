// Whether the nodes are well, in one sentence that claims no more than is known.

import type { AlertRow, OverviewNode } from '../../api/types/live';
import { some } from '../../format/number';
import type { Health, Level } from '../../state/health';

/** A node of which something is known: its row, its alerts, or what satellites think of it. */
export interface Seen {
  name: string;
  /** The overview lists so many nodes at most. */
  node: OverviewNode | undefined;
  health: Health;
}

/** The level and the sentence of all nodes; `missing` names what has not come yet. */
export function verdict(rows: readonly Seen[], total: number, ofServer: readonly AlertRow[], missing: readonly string[]): { level: Level; headline: string } {
  const bad = rows.filter(({ health }) => health.level === 'bad').length;
  const serious = bad + rows.filter(({ health }) => health.level === 'warn').length;
  const calm = rows.filter(({ health }) => health.level !== 'bad' && health.level !== 'warn');
  const well = calm.filter(({ node }) => node?.health !== undefined).length;
  const looked = rows.filter(({ node }) => node !== undefined).length;
  const unknown = calm.length - well;
  const open = [
    ...(missing.length > 0 ? [`${missing.join(' and ')} not known yet`] : []),
    ...(looked < total ? [`${looked} of ${some(total, 'node')} looked at`] : []),
  ];
  const told = (headline: string) => [headline, ...open].join('; ');
  if (serious > 0) {
    const headline = total === 1 ? 'The node needs a look' : `${serious} of ${some(total, 'node')} ${serious === 1 ? 'needs' : 'need'} a look`;
    return { level: bad > 0 || isCritical(ofServer) ? 'bad' : 'warn', headline: told(headline) };
  }
  const isWhole = open.length === 0 && unknown === 0;
  if (ofServer.length > 0) {
    return { level: isCritical(ofServer) ? 'bad' : 'warn', headline: isWhole ? 'The nodes are well; Piecewatch itself is not' : told('Piecewatch itself needs a look') };
  }
  if (isWhole) return { level: 'good', headline: total === 1 ? 'The node is well' : `All ${total} nodes are well` };
  if (well === 0) return { level: 'unknown', headline: told(total === 1 ? 'Nothing is known of the node yet' : 'Nothing is known of the nodes yet') };
  if (missing.length > 0) return { level: 'unknown', headline: told('No trouble in what is known') };
  return { level: 'note', headline: told(unknown > 0 ? `${some(well, 'node')} well, ${unknown} not known yet` : `${some(well, 'node')} well`) };
}

const isCritical = (alerts: readonly AlertRow[]) => alerts.some(({ level }) => level === 'critical');
