'use strict';

/**
 * The compiled addons for tests of the C core: `inner` exports its internal
 * functions, and open() uses the real binding without lib/.
 */

const path = require('node:path');
const { getSystemErrorMap } = require('node:util');

const settings = require('../../lib/load/settings');

const root = path.join(__dirname, '..', '..');
// Built by `npm run build:test`. eslint may run before that, so the path is
// computed.
const inner = require(path.join(__dirname, 'build/Release/dgram_test.node'));

/** The codes of libuv by name: codes.EBADF is -9 on Linux. */
const codes = Object.fromEntries(
  [...getSystemErrorMap()].map(([code, [name]]) => [name, code]));

/** A new instance of the binding, not configured. */
function loadBare() {
  const holder = { exports: {} };
  process.dlopen(holder,
    path.join(root, 'build', 'Release', 'dgram_native.node'));
  return holder.exports;
}

/**
 * A new, configured instance of the binding: the shared one has the hooks of
 * lib/.
 */
function load() {
  const binding = loadBare();
  binding.configure(settings.addon);
  return binding;
}

/** The inboxes by name, with views as in lib/batch/inbox.js. */
function readInboxes(binding) {
  const { layout } = binding;
  const inboxes = new Map();
  const memories = [];

  function inboxOf(name) {
    if (!inboxes.has(name)) {
      const memory = binding.inbox(name);
      const words = layout.RECV_GRO_BUFFERS * layout.RECV_WORDS;
      memories.push(memory);
      inboxes.set(name, {
        cursor: new Uint32Array(memory, 0, layout.CURSOR_WORDS),
        groBuffers: new Uint32Array(memory, layout.INBOX_GRO_BUFFERS, words),
        bufferStatuses: new Int32Array(memory, layout.INBOX_GRO_BUFFERS,
                                       words),
        textWords: new Uint32Array(memory, layout.INBOX_TEXTS,
                                   layout.RECV_SLOTS * layout.TEXT_BYTES / 4),
        texts: Buffer.from(memory, layout.INBOX_TEXTS),
        recvBuffer: Buffer.from(memory, layout.INBOX_RECV_BUFFER),
      });
    }
    return inboxes.get(name);
  }

  return { inboxOf, memories };
}

/**
 * One environment of the C core with a minimal replacement of lib/. Tests set
 * `onMessage(text, source)`, `onError(code)` and `onClosed()` of a handle, and
 * `onComplete(ticket, status, length)` and `onStalled()` of the environment.
 */
function open() {
  const binding = load();
  const { layout } = binding;
  const batch = binding.openSendBatch();
  const sends = new Uint32Array(batch.sends);
  const statuses = new Int32Array(batch.sends);
  const arena = Buffer.from(batch.arena);
  const { inboxOf, memories } = readInboxes(binding);
  const sources = [];
  const handles = new Map();

  class Handle {
    constructor() {
      this.id = binding.init();
      handles.set(this.id, this);
    }

    close(wantClosed = false) {
      this.dropped = true;
      return binding.closeSocket(this.id, wantClosed);
    }
  }
  defineMethods(binding, Handle.prototype);

  function source({ groBuffers, textWords, texts }, at) {
    const slot = groBuffers[at + layout.RECV_SOURCE];
    const newText = groBuffers[at + layout.RECV_NEW_TEXT];
    if (newText > 0) {
      const text = (newText - 1) * layout.TEXT_BYTES;
      const length = textWords[text / 4 + layout.TEXT_LENGTH];
      sources[slot] = {
        address: texts.latin1Slice(text + layout.TEXT_TEXT,
                                   text + layout.TEXT_TEXT + length),
        family: textWords[text / 4 + layout.TEXT_FAMILY],
        port: textWords[text / 4 + layout.TEXT_PORT],
      };
    }
    return sources[slot];
  }

  /** Delivers one datagram per call. Returns 1 if there are more. */
  function deliver(id, name) {
    core.onDeliver?.(id);
    const handle = handles.get(id);
    const inbox = inboxOf(name);
    const { cursor } = inbox;
    const count = cursor[layout.CURSOR_COUNT];
    const isLeft = () => cursor[layout.CURSOR_GRO_BUFFER] < count;
    if (cursor[layout.CURSOR_STEPS] === 0) {
      inbox.sources = Array.from(
        { length: count }, (_, i) => source(inbox, i * layout.RECV_WORDS));
      cursor[layout.CURSOR_STEPS] = 1;
    }
    if (isLeft()) deliverNext(handle, inbox);
    return isLeft() && !handle.dropped ? 1 : 0;
  }

  function deliverNext(handle, inbox) {
    const { cursor, groBuffers, bufferStatuses, recvBuffer } = inbox;
    const index = cursor[layout.CURSOR_GRO_BUFFER];
    const offset = cursor[layout.CURSOR_POSITION];
    const at = index * layout.RECV_WORDS;
    const status = bufferStatuses[at + layout.RECV_STATUS];
    const length = groBuffers[at + layout.RECV_LENGTH];
    const segment = groBuffers[at + layout.RECV_SEGMENT];
    const size = Math.min(segment, length - offset);
    const start = groBuffers[at + layout.RECV_OFFSET] + offset;
    const ends = offset + size >= length;

    cursor[layout.CURSOR_GRO_BUFFER] = ends ? index + 1 : index;
    cursor[layout.CURSOR_POSITION] = ends ? 0 : offset + size;
    const text = recvBuffer.latin1Slice(start, start + size);
    if (status < 0) handle.onError?.(status);
    else handle.onMessage?.(text, inbox.sources[index]);
  }

  binding.hook({
    deliver,
    complete(...rest) { core.onComplete?.(...rest); },
    closed(id) { handles.get(id).onClosed?.(); },
    stalled() { core.onStalled?.(); },
  });

  const core = {
    binding,
    layout,
    batch,
    memories,
    Handle,

    /** Returns a handle bound to a free port of 127.0.0.1, and that port. */
    bound() {
      const handle = new Handle();
      const name = {};
      const code = handle.bind('127.0.0.1', 0, 0) || handle.getsockname(name);
      if (code !== 0) throw new Error(`bind: ${code}`);
      return { handle, port: name.port };
    },

    /**
     * send([handle or id, destination, text, ticket, settings]...) ->
     * { queued, statuses }
     */
    send(...entries) {
      let end = 0;
      entries.forEach(([handle, peer, text, ticket = 0, settings = 0], i) => {
        const length = arena.write(text, end, 'latin1');
        sends.set(
          [handle.id ?? handle, peer, settings, end, length, ticket, 0],
          i * layout.SEND_WORDS);
        end += length;
      });
      const queued = binding.flush(batch.id, entries.length);
      return {
        queued,
        statuses: entries.map(
          (_, i) => statuses[i * layout.SEND_WORDS + layout.SEND_STATUS]),
      };
    },

    closeAll() {
      for (const handle of handles.values()) handle.close();
    },
  };
  return core;
}

/** Those of C, and those of lib/handle/handle.js that pass the id to C. */
function defineMethods(binding, prototype) {
  binding.define(prototype);
  Object.assign(prototype, {
    bind(address, port, flags) {
      return binding.bindSocket(this.id, 4, address, port, flags);
    },

    bind6(address, port, flags) {
      return binding.bindSocket(this.id, 6, address, port, flags);
    },

    recvStart() {
      return binding.startReceiving(this.id);
    },
  });
}

/** Resolves when `condition()` holds. */
async function until(condition) {
  while (!condition()) await new Promise(setImmediate);
}

module.exports = {
  codes, defineMethods, inner, load, loadBare, open, until,
};
