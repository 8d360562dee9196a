// Uploads a file with tus-js-client as it is published. Arguments as one JSON object:
//   endpoint, key, path, chunkSize (0: all in one request), metadata, options (further ones of the client)
// Prints a line when the first bytes are out, and the upload's address at the end.
import fs from 'node:fs'
import { PassThrough } from 'node:stream'
import * as tus from 'tus-js-client'

const { endpoint, key, path, chunkSize, metadata, options } = JSON.parse(process.argv[2])
const file = fs.createReadStream(path)
let begun = false

const upload = new tus.Upload(options.uploadLengthDeferred ? file.pipe(new PassThrough()) : file, {
  endpoint,
  headers: { Authorization: `Bearer ${key}` },
  chunkSize: chunkSize || Number.POSITIVE_INFINITY,
  uploadSize: options.uploadLengthDeferred ? null : fs.statSync(path).size,
  retryDelays: [100, 500, 1000, 2000, 4000, 8000, 8000, 8000],
  metadata,
  ...options,
  onProgress() {
    if (!begun) console.log('begun')
    begun = true
  },
  onError(error) {
    console.error(String(error))
    process.exit(1)
  },
  onSuccess() {
    console.log(upload.url)
  },
})
upload.start()
