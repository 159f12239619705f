// The answers of the questions about money and space. What is not known is null.

import type { Span } from './http';

type Micros = number | null;

export interface MonthSatellite {
  satellite: string;
  age_months: number | null;
  based_on: string | null;
  storage_byte_hours: number | null;
  egress_bytes: number | null;
  repair_audit_bytes: number | null;
  storage_micro_usd: Micros;
  egress_micro_usd: Micros;
  repair_audit_micro_usd: Micros;
  held_percent: number | null;
  held_micro_usd: Micros;
  log_estimate_micro_usd: Micros;
  node_estimate_micro_usd: Micros;
  node_says_micro_usd: Micros;
  paid_micro_usd: Micros;
  next_held_percent: number | null;
  next_held_percent_from: string | null;
  held_so_far_micro_usd: Micros;
  held_fate: string | null;
  held_return_micro_usd: Micros;
  held_return_due_at: string | null;
}

export interface Month {
  node: string;
  period: string;
  log_estimate_micro_usd: Micros;
  node_estimate_micro_usd: Micros;
  paid_micro_usd: Micros;
  surest: string | null;
  as_of: string | null;
  log_from: string | null;
  log_to: string | null;
  offline_days: number | null;
  cost_micro_usd: Micros;
  profit_micro_usd: Micros;
  held_average_bytes: number | null;
  per_tb_month_micro_usd: Micros;
  per_tb_downloaded_micro_usd: Micros;
  notes: string[];
  satellites: MonthSatellite[];
}

export interface MonthAnswer {
  period: string;
  nodes: Month[];
}

export interface HistoryAnswer {
  from: string | null;
  to: string | null;
  months: Month[];
}

export interface ForecastAmounts {
  based_on: string | null;
  as_of: string | null;
  so_far_micro_usd: number;
  forecast_micro_usd: number;
  low_micro_usd: number;
  high_micro_usd: number;
  confidence: number;
  node_expects_micro_usd: Micros;
}

export interface ForecastAnswer {
  period: string;
  nodes: (ForecastAmounts & {
    node: string;
    cost_micro_usd: Micros;
    profit_micro_usd: Micros;
    notes: string[];
    satellites: (ForecastAmounts & { satellite: string })[];
  })[];
}

export interface ReconciliationAnswer {
  from: string | null;
  to: string | null;
  months: {
    node: string;
    period: string;
    satellite: string;
    node_estimate_micro_usd: Micros;
    paid_micro_usd: Micros;
    difference_micro_usd: Micros;
    remainder_micro_usd: Micros;
    reasons: string;
    sent_micro_usd: Micros;
    receipts: string;
  }[];
}

export interface Run {
  task: string;
  satellite: string | null;
  store: string | null;
  began_at: string | null;
  ended_at: string;
  ending: string;
  seconds: number | null;
  examined: number | null;
  affected: number | null;
  failed: number | null;
  bytes: number | null;
}

export interface StorageNodeAnswer {
  node: string;
  told_at: string | null;
  used_bytes: number | null;
  trash_bytes: number | null;
  available_bytes: number | null;
  total_bytes: number | null;
  overused_bytes: number | null;
  reclaimable_bytes: number | null;
  other_bytes: number | null;
  used_share: number | null;
  full: string;
  full_at: string | null;
  full_earliest_at: string | null;
  full_latest_at: string | null;
  growth: {
    days: number;
    based_on: string | null;
    bytes_a_day: number | null;
    low_bytes_a_day: number | null;
    high_bytes_a_day: number | null;
  }[];
  causes: Record<string, number>;
  running: {
    task: string;
    satellite: string | null;
    store: string | null;
    since: string;
    elapsed_seconds: number;
    usual_seconds: number | null;
    left_seconds: number | null;
  }[];
  ended: Run[];
  migration: { pieces: number; bytes: number; left_bytes: number | null; done_at: string | null } | null;
}

export interface StorageAnswer extends Span {
  nodes: StorageNodeAnswer[];
}

export interface StorageHistoryAnswer extends Span {
  nodes: {
    node: string;
    snapshots: {
      at: string;
      used_bytes: number | null;
      trash_bytes: number | null;
      available_bytes: number | null;
      total_bytes: number | null;
    }[];
    days: { day: string; bytes: number | null }[];
  }[];
}

export interface CompactionsAnswer extends Span {
  compactions: {
    at: string;
    node: string;
    satellite: string;
    store: string;
    phase: string;
    seconds: number | null;
    reclaimed_bytes: number | null;
    rewritten_bytes: number | null;
    trash_bytes: number | null;
    table_load: number | null;
    error: string | null;
  }[];
}
