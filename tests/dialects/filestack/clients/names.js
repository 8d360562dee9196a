// For a program started with `node --require names.js` some host names are 127.0.0.1, and the ports of HTTPS and HTTP
// other ones: TLS_NAMES=.example.com,.example.org TLS_PORT=8443 HTTP_PORT=8000
const http = require("node:http");
const https = require("node:https");

const names = process.env.TLS_NAMES.split(",");

for (const [agent, port] of [
  [https.Agent.prototype, process.env.TLS_PORT],
  [http.Agent.prototype, process.env.HTTP_PORT],
]) {
  const connect = agent.createConnection;
  agent.createConnection = function (options, ...rest) {
    const ours = names.some((name) => options.host.endsWith(name));
    return connect.call(this, ours ? { ...options, host: "127.0.0.1", port: Number(port) } : options, ...rest);
  };
}
