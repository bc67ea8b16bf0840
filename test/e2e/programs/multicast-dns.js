'use strict';

// Answers for NAME (the argument) and queries names, on loopback only.

const { once } = require('node:events');

const multicastDns = require('multicast-dns');

const { serve } = require('../support/inside');

const [name] = process.argv.slice(2);
const mdns = multicastDns({ interface: '127.0.0.1', bind: '0.0.0.0' });

mdns.on('query', ({ questions }) => {
  if (!questions.some((question) => question.name === name)) return;
  mdns.respond({
    answers: [
      { name, type: 'A', ttl: 120, data: '192.0.2.7' },
      { name, type: 'TXT', ttl: 120, data: [`pid=${process.pid}`] },
    ],
  });
});

/** Datagrams may be lost; the protocol repeats queries (RFC 6762, 5.2). */
async function ask(wanted) {
  const again = setInterval(() => mdns.query(wanted, 'ANY'), 500);
  mdns.query(wanted, 'ANY');
  try {
    for (;;) {
      const [{ answers }, rinfo] = await once(mdns, 'response');
      const own = answers.filter((answer) => answer.name === wanted);
      if (own.length > 0) {
        return {
          from: rinfo.address,
          address: own.find(({ type }) => type === 'A').data,
          text: String(own.find(({ type }) => type === 'TXT').data),
        };
      }
    }
  } finally {
    clearInterval(again);
  }
}

mdns.on('ready', () => serve({ ask }));
