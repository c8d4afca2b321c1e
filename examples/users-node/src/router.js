// Routes by method and path. `{name}` stands for one segment.
export class Router {
  #routes = [];

  add(pattern, methods) {
    const names = [];
    const source = pattern.replace(/\{(\w+)\}/g, (_, name) => {
      names.push(name);
      return '([^/]+)';
    });
    const allow = [...Object.keys(methods), 'OPTIONS'].join(', ');
    this.#routes.push({ pattern, expression: new RegExp(`^${source}/?$`), names, methods, allow });
    return this;
  }

  // { route, handle, params, allow }: no route means 404, a route without `handle` 405.
  match(method, path) {
    for (const { pattern, expression, names, methods, allow } of this.#routes) {
      const found = expression.exec(path);
      if (!found) continue;
      const params = Object.fromEntries(names.map((name, i) => [name, decode(found[i + 1])]));
      const handle = Object.hasOwn(methods, method) ? methods[method] : undefined;
      return { route: pattern, handle, params, allow };
    }
    return { params: {} };
  }
}

function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
