// How a chart is drawn.

import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';
import { shortDay, timeOfDay } from '../format/time';
import type { Series } from './series';

/** How a chart looks. */
export interface Look {
  series: readonly Pick<Series, 'label' | 'colour' | 'isDashed' | 'isFilled' | 'isStepped'>[];
  kind: 'line' | 'bars';
  isStacked: boolean;
  height: number;
  /** Values on the axis, with their unit. */
  unit: (value: number) => string;
  /** Where the axis of values begins and ends; from 0 unless said. */
  range: ((low: number, high: number) => [number, number]) | undefined;
  /** Whether a value of a series is one that gets a point. */
  isTold: (label: string, at: number) => boolean;
  onHover: (index: number | undefined) => void;
  /** Somebody marked a part of the time, in seconds. */
  onSelect: ((from: number, to: number) => void) | undefined;
}

const FONT = '11px system-ui, sans-serif';
const DAY = 86_400;

/** The colours of the theme as the canvas wants them. */
function colours(host: Element): (name: string) => string {
  const names = ['ink-2', 'line', 'panel', ...Array.from({ length: 8 }, (_, index) => `series-${index + 1}`)];
  const probes = names.map((name) => {
    const probe = document.createElement('span');
    probe.style.color = `var(--${name})`;
    return probe;
  });
  // All at once: each time that something is read after a change, styles are computed anew.
  host.append(...probes);
  const known = new Map(names.map((name, index) => [name, getComputedStyle(probes[index] as Element).color]));
  for (const probe of probes) probe.remove();
  return (name) => known.get(name) ?? 'gray';
}

/** `rgb(0, 114, 178)` as one that lets through. */
function faded(colour: string, share: number): string {
  const numbers = colour.match(/[\d.]+/g)?.slice(0, 3).join(', ');
  return numbers === undefined ? colour : `rgba(${numbers}, ${share})`;
}

/** What values on an axis may be apart by, from a millionth on: not by 2.5, which takes a decimal more. */
const STEPS = Array.from({ length: 25 }, (_, place) => [1, 2, 5].map((step) => Number(`${step}e${place - 6}`))).flat();

/** Labels of which one that says what the one below it says is left out: where few decimals are shown, values next to each other read alike. */
const told = (labels: string[]) => labels.map((label, at) => (label === labels[at - 1] ? '' : label));

/** The times of an axis, in the zone of whoever looks: as exactly as they are apart. */
export function timeLabels(splits: readonly number[], apart: number): string[] {
  let before = '';
  return splits.map((seconds) => {
    const day = shortDay(seconds * 1000);
    if (apart >= DAY) return day;
    const clock = timeOfDay(seconds * 1000, apart < 60 ? 'second' : 'minute');
    const isNew = day !== before && (before !== '' || apart >= 3_600);
    before = day;
    return isNew ? `${clock}\n${day}` : clock;
  });
}

/** Draws a chart into an element. */
export function drawn(host: HTMLElement, look: Look, data: uPlot.AlignedData): uPlot {
  const colour = colours(host);
  const order = look.isStacked ? [...look.series].reverse() : [...look.series];
  const bars = uPlot.paths.bars?.({ size: [0.86, 48], align: 1 });
  const steps = uPlot.paths.stepped?.({ align: 1 });
  const series = order.map(({ label, colour: number, isDashed, isFilled, isStepped }): uPlot.Series => {
    const stroke = colour(`series-${number}`);
    const isBars = look.kind === 'bars' && bars !== undefined;
    return {
      label,
      stroke,
      width: isBars ? 0 : 1.75,
      spanGaps: false,
      points: { show: false },
      ...(isBars ? { paths: bars, fill: stroke } : isFilled ? { fill: faded(stroke, 0.14) } : {}),
      ...(isStepped && steps !== undefined ? { paths: steps } : {}),
      ...(isDashed ? { dash: [6, 4] } : {}),
      // A moment alone between two gaps has no line; it gets a point.
      ...(isBars ? {} : { points: { show: true, size: isStepped ? 6 : 4, fill: stroke, filter: pointed((at) => look.isTold(label, at)) } }),
    };
  });
  const axis: uPlot.Axis = {
    stroke: colour('ink-2'),
    font: FONT,
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  };
  const range = look.range;
  return new uPlot(
    {
      width: Math.max(200, host.clientWidth),
      height: look.height,
      // The last label of the times reaches beyond the end.
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { size: 7 },
        sync: { key: 'time' },
        drag: { x: look.onSelect !== undefined, y: false, setScale: false },
      },
      scales: {
        x: { time: true, range: (plot, low, high) => spanOf(plot.data[0], low ?? 0, high ?? 0, look.kind === 'bars') },
        y: { range: (_, low, high) => (range ?? fromZero)(low ?? 0, high ?? 0) },
      },
      axes: [
        { ...axis, space: 72, size: (_, values) => (values?.some((value) => value?.includes('\n')) ? 42 : 28), values: (_, splits, __, ___, apart) => timeLabels(splits, apart) },
        { ...axis, incrs: STEPS, size: sizeOfAxis, gap: 6, values: (_, splits) => told(splits.map(look.unit)) },
      ],
      series: [{}, ...series],
      hooks: {
        setCursor: [(plot) => look.onHover(plot.cursor.idx ?? undefined)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 8) return;
            look.onSelect?.(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    },
    data,
    host,
  );
}

/** The time that is drawn: a bar stands after its time, and one moment alone needs some room. */
export function spanOf(times: ArrayLike<number>, low: number, high: number, isBars: boolean): [number, number] {
  // Of one moment the library makes years, when data come anew.
  const [only] = times.length === 1 ? [times[0]] : low >= high ? [low] : [];
  if (only !== undefined) return [only - 1_800, only + 1_800];
  const apart = times.length > 1 ? (times[times.length - 1] ?? 0) - (times[times.length - 2] ?? 0) : 0;
  return [low, isBars ? high + apart : high];
}

/** From nothing to a little above the highest. */
function fromZero(_: number, high: number): [number, number] {
  return [0, high > 0 ? high * 1.08 : 1];
}

/** As wide as the longest value. */
const sizeOfAxis: uPlot.Axis.Size = (_, values) => {
  const longest = Math.max(0, ...(values ?? []).map((value) => value?.length ?? 0));
  return Math.max(40, Math.ceil(longest * 6.4) + 14);
};

/** Values that have none on either side, and those that were told. */
const pointed =
  (isTold: (at: number) => boolean): uPlot.Series.Points.Filter =>
  (plot, index) => {
    const values = plot.data[index] ?? [];
    const found: number[] = [];
    for (let at = 0; at < values.length; at += 1) {
      const isLonely = values[at - 1] == null && values[at + 1] == null;
      if (values[at] != null && (isLonely || isTold(at))) found.push(at);
    }
    return found;
  };
