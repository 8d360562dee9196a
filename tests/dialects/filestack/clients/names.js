// For a program started with `node --require names.js` some host names are 127.0.0.1, and the port of HTTPS another
// one: TLS_NAMES=.example.com,.example.org TLS_PORT=8443
const https = require("node:https");

const names = process.env.TLS_NAMES.split(",");
const connect = https.Agent.prototype.createConnection;

https.Agent.prototype.createConnection = function (options, ...rest) {
  const ours = names.some((name) => options.host.endsWith(name));
  const where = ours ? { ...options, host: "127.0.0.1", port: Number(process.env.TLS_PORT) } : options;
  return connect.call(this, where, ...rest);
};
