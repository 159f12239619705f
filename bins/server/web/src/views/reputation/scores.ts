// What satellites told of a node's scores, as curves over one axis of time.

import type { ReputationAnswer } from '../../api/types/http';
import type { Score } from '../../api/types/live';
import type { Series } from '../../components/series';

type Satellite = Pick<ReputationAnswer['nodes'][number]['satellites'][number], 'satellite' | 'told_at' | 'history'>;

const SATELLITES_MAX = 8;
const seconds = (at: string) => Date.parse(at) / 1000;

/**
 * A score by satellite, in percent. Only scores that differ from those before them are kept: one holds until the next,
 * and the last one for as long as it was told, or to the end of the window where it was told after that, too. What it is
 * since then nobody knows.
 */
export function scoresOver(satellites: readonly Satellite[], score: Score, to: string | null): { times: number[]; series: Series[] } {
  const drawn = satellites.filter(({ history }) => history.length > 0).slice(0, SATELLITES_MAX);
  const last = to === null ? Infinity : seconds(to);
  const toldTo = drawn.map(({ history, told_at }) => Math.max(...[told_at ?? [], ...history.map(({ at }) => at)].flat().map(seconds)));
  const ends = toldTo.map((end) => Math.min(end, last));
  const times = [...new Set([...drawn.flatMap(({ history }) => history.map(({ at }) => seconds(at))), ...ends])].sort((a, b) => a - b);
  const series = drawn.map(({ satellite, history }, index): Series => {
    const known = new Map(history.map((of) => [seconds(of.at), of[score] * 100]));
    const end = ends[index] ?? 0;
    let held: number | null = null;
    return {
      label: satellite,
      colour: (index % 8) + 1,
      isDashed: index % 2 === 1,
      isStepped: true,
      values: times.map((time) => (time > end ? null : (held = known.get(time) ?? held))),
      told: times.map((time) => known.has(time) || time === toldTo[index]),
    };
  });
  return { times, series };
}
