'use strict';

/** Answers every A query with one address, other queries without a record. */

const dgram = require('node:dgram');
const { HOST, RECV_BUFFER, serve } = require('../program');

const HEADER = 12;
const TYPE_A = 1;
const CLASS_IN = 1;

// A pointer to the name in the question, type A, class IN, a TTL of 60 s and
// the address 192.0.2.1 (RFC 1035, section 4.1).
const RECORD = Buffer.from('c00c00010001' + '0000003c' + '0004c0000201', 'hex');

let answered = 0;

/** The end of the question that follows the header; -1 if it is malformed. */
function endOfQuestion(query) {
  let at = HEADER;
  while (at < query.length && query[at] !== 0) at += query[at] + 1;
  return at + 5 <= query.length ? at + 5 : -1;
}

/** @returns {Buffer|undefined} undefined if `query` is no single question */
function answer(query) {
  if (query.length < HEADER || query.readUInt16BE(4) !== 1) return undefined;
  const end = endOfQuestion(query);
  if (end === -1) return undefined;
  const isAddress = query.readUInt16BE(end - 4) === TYPE_A &&
    query.readUInt16BE(end - 2) === CLASS_IN;
  const reply = Buffer.allocUnsafe(end + (isAddress ? RECORD.length : 0));
  query.copy(reply, 0, 0, end);
  reply[2] = 0x84 | query[2] & 0x01; // response, authoritative, RD of the query
  reply[3] = 0;
  reply.writeUInt16BE(isAddress ? 1 : 0, 6); // records
  reply.writeUInt32BE(0, 8); // no authority, nothing additional
  if (isAddress) RECORD.copy(reply, end);
  return reply;
}

const server = dgram.createSocket({
  type: 'udp4', recvBufferSize: RECV_BUFFER,
});

server.on('message', (query, { port, address }) => {
  const reply = answer(query);
  if (reply === undefined) return;
  answered++;
  server.send(reply, port, address);
});

server.bind(0, HOST, () => {
  serve([server.address().port], () => answered);
});
