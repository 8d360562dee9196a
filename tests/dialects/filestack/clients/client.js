// Does with filestack-js what it is told, one line of JSON at a time.
//
// node client.js '{"key": …, "options": {…}, "urls": {…}}'
//
// A line is {"name": …, "arguments": […], "security": …, "key": …}: a method of the client, or a function of the
// package. Bytes are {"base64": …}.
const readline = require("node:readline");
const filestack = require("filestack-js");

const told = JSON.parse(process.argv[2]);

function client(key) {
  const made = filestack.init(key ?? told.key, { ...told.options });
  Object.assign(made.session.urls, told.urls);
  return made;
}

function read(value) {
  return value?.base64 === undefined ? value : Buffer.from(value.base64, "base64");
}

function plain(found) {
  if (Buffer.isBuffer(found)) return { base64: found.toString("base64") };
  if (found?.config && found.headers) return { status: found.status, headers: found.headers, data: plain(found.data) };
  if (found?.release && found.handle) {
    const { handle, url, filename, size, type, status, container, key, uploadTags } = found;
    return { handle, url, filename, size, type, status, container, key, uploadTags };
  }
  return found;
}

async function answer({ name, arguments: given, security, key }) {
  const own = client(key);
  if (security) own.setSecurity(security);
  const values = given.map(read);
  if (name === "get") return filestack.FsRequest.dispatch(values[0], { method: "GET", blobResponse: true });
  return name in own ? own[name](...values) : filestack[name](...values);
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let said;
    try {
      said = { result: plain(await answer(JSON.parse(line))) ?? null };
    } catch (error) {
      // A file that was not uploaded is what `upload` fails with.
      said = { error: error.message ?? error.status, details: error.details, response: error.response?.data };
      said.status = error.response?.status ?? error.details?.code;
    }
    console.log(`answer ${JSON.stringify(said)}`);
  }
}

main();
