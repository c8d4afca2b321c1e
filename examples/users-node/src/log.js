// Structured logs: one JSON object a line. Written to standard output as it is (console.log would add its own columns).
const LEVELS = { debug: 0, info: 1, warn: 2, error: 3 };
const least = LEVELS[(process.env.LOG_LEVEL || 'info').toLowerCase()] ?? LEVELS.info;
export const service = process.env.SERVICE_NAME || process.env.AWS_LAMBDA_FUNCTION_NAME || 'service';

export function writeLine(document) {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

export function requestLogger(common) {
  const logger = {};
  for (const [name, level] of Object.entries(LEVELS)) {
    logger[name] = (message, fields = {}) => {
      if (level < least) return;
      writeLine({ timestamp: new Date().toISOString(), level: name.toUpperCase(), service, message, ...common, ...fields });
    };
  }
  return logger;
}
