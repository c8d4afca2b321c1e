// Packages many services with osls in one process: starting it takes far longer than packaging.
// Usage: node osls.cjs FOLDER-OF-OSLS RESULTS < [{"directory": "…", "arguments": ["package"]}, …]
// RESULTS gets one JSON line per service: {"status": 0, "text": "what it printed"}.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const osls = fs.realpathSync(process.argv[2]);
const results = process.argv[3];
const services = JSON.parse(fs.readFileSync(0, 'utf8'));
const environment = { ...process.env };
let text = '';

for (const stream of [process.stdout, process.stderr]) {
  stream.write = (chunk, ...rest) => {
    text += chunk;
    const done = rest.find((argument) => typeof argument === 'function');
    if (done) done();
    return true;
  };
}

// osls keeps the service at hand in its modules: each service gets them anew, the libraries stay loaded.
const forget = () => {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(osls + path.sep) && !file.startsWith(path.join(osls, 'node_modules') + path.sep)) {
      delete require.cache[file];
    }
  }
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  process.removeAllListeners('uncaughtException');
};

const run = ({ directory, arguments: given }) => new Promise((resolve) => {
  forget();
  text = '';
  process.exitCode = 0;
  process.chdir(directory);
  process.argv = [process.argv[0], path.join(osls, 'bin/serverless.js'), ...given];
  // The last thing that a run of it does, in success and in failure.
  const deprecations = require(path.join(osls, 'lib/utils/log-deprecation.js'));
  const last = deprecations.printSummary;
  deprecations.printSummary = async (...rest) => {
    await last(...rest);
    setImmediate(() => resolve({ status: process.exitCode || 0, text }));
  };
  require(path.join(osls, 'scripts/serverless.js'));
});

(async () => {
  for (const service of services) fs.appendFileSync(results, JSON.stringify(await run(service)) + '\n');
  process.exit(0);
})();
