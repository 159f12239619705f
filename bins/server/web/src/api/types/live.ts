// The states of the topics, as the server makes them. What is not known is not there.

import type { Transfer } from './http';
import type { CompactionsAnswer } from './money';

/** A row of an answer as states have it: what would be null is missing. */
type Known<Row> = { [Name in keyof Row as null extends Row[Name] ? never : Name]: Row[Name] } & {
  [Name in keyof Row as null extends Row[Name] ? Name : never]?: NonNullable<Row[Name]>;
};

/** How transfers of a kind ended; `bytes` are of those that succeeded. */
export interface Ends {
  count: number;
  success: number;
  bytes: number;
  canceled?: number;
  failed?: number;
  rejected?: number;
  success_rate?: number;
}

export interface Flow {
  bits_per_second: number;
  pieces_per_second: number;
}

/** What moved both ways in the last 60 seconds. */
export interface Rates {
  ingress: Flow;
  egress: Flow;
}

export interface Disk {
  used_bytes?: number;
  trash_bytes?: number;
  available_bytes?: number;
  total_bytes?: number;
}

export interface Earned {
  so_far_micro_usd: number;
  forecast_micro_usd: number;
}

/** Earned by a node or several; `based_on` is `log_estimate`, `node_estimate`, or `mixed` where both are in it. */
export interface Estimated extends Earned {
  based_on: string;
}

export interface OverviewNode {
  total: Ends;
  rates: Rates;
  health?: { state: string; sentence: string };
  last_record?: string;
  disk?: Disk;
  earnings?: Estimated;
}

export interface OverviewState {
  since: string;
  nodes_count: number;
  total: Ends;
  actions: Record<string, Ends>;
  rates: Rates;
  alerts: { active: number };
  nodes: Record<string, OverviewNode>;
  disk?: Disk & { nodes_count: number };
  earnings?: Estimated & { nodes_count: number };
}

export interface SatellitesState {
  since: string;
  satellites: Record<string, { satellite_id?: string; actions: Record<string, Ends> }>;
}

export interface TrafficState {
  /** The minute that is not over yet. */
  minute: string;
  minutes: Record<string, Record<string, Ends>>;
  rates: Rates;
}

export interface Percentiles {
  count: number;
  mean_micros: number;
  p50_micros: number;
  p90_micros: number;
  p95_micros: number;
  p99_micros: number;
  max_micros: number;
}

export interface LatencyState {
  from: string;
  to: string;
  error_max: number;
  /** By action, then by clock. */
  actions: Record<string, Record<string, Percentiles>>;
}

export type TransferRow = Known<Omit<Transfer, 'size_bytes' | 'remote'>> & { bytes?: number };

export interface TransfersState {
  transfers: Record<string, TransferRow>;
}

export interface StorageNode extends Disk {
  told_at?: string;
  overused_bytes?: number;
  reclaimable_bytes?: number;
  other_bytes?: number;
  growth_bytes_a_day: Record<string, number>;
  full: 'unknown' | 'now' | 'not_filling' | 'on';
  full_at?: string;
  full_earliest_at?: string;
  full_latest_at?: string;
}

export interface StorageState {
  nodes_count: number;
  nodes: Record<string, StorageNode>;
}

export type Judgement = 'unknown' | 'well' | 'look' | 'trouble';
export type Score = 'audit' | 'suspension' | 'online';

export interface ReputationRow {
  state: Judgement;
  told_at?: string;
  audit?: number;
  suspension?: number;
  online?: number;
  audit_change?: number;
  suspension_change?: number;
  online_change?: number;
  vetting_progress?: number;
  disqualified_at?: string;
  suspended_at?: string;
  offline_suspended_at?: string;
  exited_at?: string;
}

export interface ReputationState {
  nodes_count: number;
  limits: Record<Score, number>;
  nodes: Record<string, { satellites: Record<string, ReputationRow> }>;
}

export interface EarningsNode extends Estimated {
  as_of?: string;
  low_micro_usd: number;
  high_micro_usd: number;
  confidence: number;
  parts: {
    storage_micro_usd: number;
    egress_micro_usd: number;
    repair_audit_micro_usd: number;
    held_micro_usd: number;
  };
  satellites: Record<string, Earned>;
}

export interface EarningsState {
  period: string;
  nodes_count: number;
  known_count: number;
  nodes: Record<string, EarningsNode>;
  total?: Estimated;
}

export type CompactionRow = Known<CompactionsAnswer['compactions'][number]> & {
  logs_bytes?: number;
  live_bytes?: number;
  reclaimable_bytes?: number;
};

export interface CompactionsState {
  from: string;
  compactions: Record<string, CompactionRow>;
}

export interface AlertRow {
  id: number;
  rule: string;
  node?: string;
  satellite?: string;
  satellite_id?: string;
  state: 'firing' | 'acknowledged' | 'resolved';
  level: 'warning' | 'critical';
  worst: 'warning' | 'critical';
  sentence: string;
  value?: number;
  threshold?: number;
  began_at: string;
  fired_at: string;
  acknowledged_at?: string;
  acknowledged_by?: string;
  resolved_at?: string;
  notified_at?: string;
}

export type AlertsState = Record<string, AlertRow>;

export interface CacheFigures {
  hits: number;
  misses: number;
  hit_ratio?: number;
  computing_ms: number;
  longest_computing_ms: number;
  entries: number;
  weight_bytes: number;
}

export interface StatusNode {
  last_record_at?: string;
  lag_seconds?: number;
  source?: string;
  state?: string;
  reason?: string;
  read_bytes?: number;
  total_bytes?: number;
  lines?: number;
  silence?: string;
}

export interface StatusState {
  version: string;
  at: string;
  since: string;
  uptime_seconds: number;
  startup_ms?: number;
  process: Record<string, number>;
  machine: Record<string, number>;
  database: {
    bytes?: number;
    wal_bytes: number;
    queries: number;
    query_ms: number;
    slow_queries: number;
    slow: Record<string, { query: string; took_ms: number; statement?: string }>;
  };
  pipeline?: {
    since: string;
    waiting_batches: number;
    commits: number;
    records: number;
    commit_ms?: number;
    longest_commit_ms: number;
    committed_at?: string;
    blocked?: string;
  };
  nodes: Record<string, StatusNode>;
  caches: Record<string, Record<string, CacheFigures>>;
  http: {
    requests: number;
    not_modified: number;
    unavailable: number;
    slow: number;
    sent_bytes: number;
    took_ms?: number;
    connected: number;
  };
  hub: {
    clients: number;
    behind: number;
    views: number;
    held_bytes: number;
    window_ms: number;
    load: number;
    frames: number;
    messages: number;
    patches: number;
    snapshots: number;
    sent_bytes: number;
    resyncs: number;
  };
  alerts_firing: number;
}
