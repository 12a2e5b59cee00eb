// What an engine tells of itself: channels of diagnostics_channel, metrics, traces as text, and the port for tracers.
export { NOTICE_CHANNEL } from '../engine/watch/notices.js';
export { CHANNELS } from '../observe/channels.js';
export type { LatencySummary } from '../observe/histogram.js';
export type { HotKey } from '../observe/hot-keys.js';
export type { LaneMetrics, Latencies, TypeMetrics } from '../observe/meters.js';
export type { MetricsSnapshot } from '../observe/snapshot.js';
export { traceChrome, traceTree } from '../observe/trace-text.js';
export type { TraceCarrier, Tracing } from '../observe/tracing.js';
