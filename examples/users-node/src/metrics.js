// One line per request in CloudWatch's embedded metric format.
import { service, writeLine } from './log.js';

const METRICS = [
  { Name: 'Requests', Unit: 'Count' },
  { Name: 'Latency', Unit: 'Milliseconds' },
  { Name: 'ClientErrors', Unit: 'Count' },
  { Name: 'ServerErrors', Unit: 'Count' },
];

export function recordRequest({ method, route, status, tookMs, correlationId }) {
  writeLine({
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [{ Namespace: 'UsersApi', Dimensions: [['service', 'method', 'route']], Metrics: METRICS }],
    },
    service,
    method,
    route,
    status: String(status),
    correlation_id: correlationId,
    Requests: 1,
    Latency: tookMs,
    ClientErrors: status >= 400 && status < 500 ? 1 : 0,
    ServerErrors: status >= 500 ? 1 : 0,
  });
}
