'use strict';

/** TFTP: a client reads a file of 256 KiB from a server, again and again. */

const fs = require('node:fs');
const path = require('node:path');
const { HOST, freePort, packageRequire, serve } = require('../../program');

const tftp = packageRequire('tftp');

const SIZE = 256 * 1024;
const BLOCK = 1468;

const root = path.join(__dirname, '..', '..', '..', '..', '.cache', 'bench',
                       'tftp');
fs.mkdirSync(root, { recursive: true });
// Another program may be reading the file: it is replaced as a whole.
const written = path.join(root, `image-${process.pid}`);
fs.writeFileSync(written, Buffer.alloc(SIZE, 'x'));
fs.renameSync(written, path.join(root, 'image'));

let bytes = 0;

function read(client) {
  let received = 0;
  const stream = client.createGetStream('image');
  stream.on('error', (error) => {
    throw error;
  });
  stream.on('data', (data) => {
    received += data.length;
    bytes += data.length;
  });
  stream.on('end', () => {
    if (received !== SIZE) throw new Error(`${received} bytes arrived`);
    setImmediate(read, client);
  });
}

async function main() {
  const port = await freePort();
  const server = tftp.createServer({ host: HOST, port, root, denyPUT: true });
  server.on('error', (error) => {
    throw error;
  });
  server.on('listening', () => {
    serve([], () => Math.floor(bytes / BLOCK));
    read(tftp.createClient({ host: HOST, port }));
  });
  server.listen();
}

main();
