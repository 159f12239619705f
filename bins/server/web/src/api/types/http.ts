// The answers of the HTTP questions, as the server writes them. What is not known is null.

import type { AlertRow, Judgement, Percentiles } from './live';

/** What an answer is of; null where there are no records. */
export interface Span {
  from: string | null;
  to: string | null;
}

/** What Piecewatch itself took in each minute, of what the page draws. */
export interface StatusHistoryAnswer extends Span {
  minutes: {
    at: string;
    measured_micros: number;
    cpu_percent: number | null;
    resident_bytes: number;
    disk_read_bytes: number | null;
    disk_written_bytes: number | null;
    network_received_bytes: number | null;
    network_sent_bytes: number | null;
  }[];
}

export interface NodesAnswer {
  at: string;
  nodes: NodeRow[];
}

export interface NodeRow {
  node: string;
  first_record_at: string | null;
  last_record_at: string | null;
  lag_seconds: number | null;
  sources: number;
  lines: number;
  silence: string | null;
  silence_explained: string | null;
  version: string | null;
  allowed_version: string | null;
  is_up_to_date: boolean | null;
  node_id: string | null;
  started_at: string | null;
  quic: string | null;
  polls: PollRow[];
}

export interface PollRow {
  part: string;
  at: string;
  took_micros: number;
  error: string | null;
  succeeded_at: string | null;
  failing_since: string | null;
}

export interface Part {
  action: string;
  outcome: string;
  count: number;
  bytes: number;
}

export interface Did {
  actions: Part[];
  success_rate: Record<string, number>;
  accepted: number;
  rejected: number;
  acceptance_rate: number | null;
  audits: { passed: number; recoverable: number; unrecoverable: number; canceled: number };
}

export interface RateRow {
  ingress_bits_per_second: number;
  ingress_pieces_per_second: number;
  egress_bits_per_second: number;
  egress_pieces_per_second: number;
}

export interface OverviewAnswer extends Span {
  minute: Span;
  nodes: (Did & { node: string; rates: RateRow | null })[];
}

export interface SatellitesAnswer extends Span {
  nodes: (Did & {
    node: string;
    satellites: { id: string | null; name: string | null; actions: Part[] }[];
    upgrades: { at: string; from: string; to: string }[];
  })[];
}

export interface TrafficPoint {
  at: string;
  action: string | null;
  outcome: string;
  count: number;
  bytes: number | null;
}

export interface TrafficAnswer extends Span {
  nodes: string[];
  step_seconds: number | null;
  points: TrafficPoint[];
  rates: { at: string; nodes: number; rates: RateRow | null; in_flight: { ingress: number | null; egress: number | null } }[];
  upgrades: { at: string; node: string; from: string; to: string }[];
}

export interface SizeRow {
  action: string;
  outcome: string;
  from_bytes: number;
  to_bytes: number | null;
  count: number;
  bytes: number;
}

export interface SizesAnswer extends Span {
  sizes: SizeRow[];
}

export interface CountryRow {
  country: string;
  uploads: number;
  upload_bytes: number;
  downloads: number;
  download_bytes: number;
}

export interface CountriesAnswer extends Span {
  nodes: { node: string; state: string; sentence: string | null; countries: CountryRow[] }[];
}

export interface LatencyRow extends Percentiles {
  node: string | null;
  satellite: string | null;
  at: string | null;
  action: string;
  clock: string;
}

export interface LatencyAnswer extends Span {
  error_max: number;
  measured: LatencyRow[];
  in_flight:
    | (Span & {
        covered: number;
        actions: { action: string; in_flight: number; ended: number; measured: number }[];
      })
    | null;
  told_by_nodes: {
    node: string;
    at: string;
    measure: string;
    action: string;
    count: number;
    p10: number;
    p50: number;
    p90: number;
    p99: number;
    max: number;
  }[];
}

export interface HistogramAnswer extends Span {
  error_max: number;
  histograms: {
    action: string;
    clock: string;
    bars: { from_micros: number; to_micros: number | null; count: number }[];
  }[];
}

/** A single transfer. */
export interface Transfer {
  at: string;
  node: string;
  latency_micros: number | null;
  clock: string | null;
  action: string;
  outcome: string;
  size_bytes: number | null;
  satellite: string | null;
  remote: string | null;
  country: string | null;
  piece: string | null;
  error: string | null;
}

export interface SlowAnswer extends Span {
  exact: number;
  transfers: Transfer[];
}

export interface TransfersAnswer extends Span {
  transfers: Transfer[];
  next: string | null;
}

export interface ErrorText {
  text: string;
  text_with_values: string;
  kind: string;
  count: number;
  first_at: string;
  last_at: string;
  parts: { node: string; action: string | null; class: string | null; count: number }[];
}

export interface ErrorsAnswer extends Span {
  ended: number;
  count: number;
  texts: number;
  has_further_texts: boolean;
  by_action: Record<string, number>;
  by_class: Record<string, number>;
  by_node: Record<string, number>;
  top: ErrorText[];
  troubles: ErrorText[];
}

export interface HotPiecesAnswer extends Span {
  pieces: {
    node: string;
    piece: string;
    downloads_at_least: number;
    downloads_at_most: number;
    bytes: number;
    last_at: string;
  }[];
}

export interface CompareAnswer extends Span {
  latency_clock: string | null;
  earnings_period: string | null;
  weights: Record<string, number>;
  nodes: {
    node: string;
    overall_score: number | null;
    overall_rank: number | null;
    overall_known: number | null;
    criteria: Record<string, { value: number; near_best: number | null; rank: number | null }>;
    silence: Sentence | null;
    known_until: string | null;
    unusual: Sentence[];
  }[];
}

export interface Sentence {
  kind: string;
  since: string | null;
  sentence: string;
}

export interface AlertWithDeliveries extends AlertRow {
  deliveries: {
    at: string;
    channel: string;
    notice: string;
    state: string;
    attempts: number;
    tried_at?: string;
    error?: string;
  }[];
}

export type AlertsAnswer = AlertWithDeliveries[];

export interface Scores {
  at: string;
  audit: number;
  suspension: number;
  online: number;
}

export interface ReputationAnswer extends Span {
  thresholds: Record<string, { look: number; trouble: number; limit: number }>;
  nodes: (Span & {
    node: string;
    worst: Judgement;
    satellites: {
      satellite: string;
      satellite_id: string;
      state: Judgement;
      told_at: string | null;
      audit: number | null;
      suspension: number | null;
      online: number | null;
      online_change: number | null;
      audits: number | null;
      audits_passed: number | null;
      vetted_at: string | null;
      vetting_progress: number | null;
      joined_at: string | null;
      disqualified_at: string | null;
      suspended_at: string | null;
      offline_suspended_at: string | null;
      exited_at: string | null;
      notes: string[];
      history: Scores[];
    }[];
    connection: Record<string, { state: Judgement; sentence: string }>;
    peers: { state: string; sentence: string | null };
    failed_pings: number | null;
    restarts: number | null;
  })[];
}
