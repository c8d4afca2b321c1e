// What handlers answer with, and throw.
export class HttpError extends Error {
  constructor(status, message, { more = {}, headers = {} } = {}) {
    super(message);
    this.status = status;
    this.more = more; // further members of the answer's body
    this.headers = headers;
  }
}

export function invalid(fields) {
  return new HttpError(400, 'Validation failed', { more: { fields } });
}

export function json(statusCode, body, headers = {}) {
  return { statusCode, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

export function jsonObject(event) {
  let value;
  try {
    const text = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString('utf8') : (event.body ?? '');
    value = JSON.parse(text);
  } catch {
    throw new HttpError(400, 'Malformed JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'Request body must be a JSON object');
  }
  // Half a surrogate pair is no text.
  if (Object.values(value).some((each) => typeof each === 'string' && /\p{Surrogate}/u.test(each))) {
    throw new HttpError(400, 'Malformed JSON');
  }
  return value;
}
