'use strict';

// A CoAP server or client, with the package coap.

const coap = require('coap');

const { serve } = require('../support/inside');

/** GET returns stored values, PUT stores them; `/clock` counts if observed. */
function handle(resources) {
  const stored = new Map(Object.entries(resources));
  return (request, response) => {
    const { pathname } = new URL(request.url, 'coap://localhost');
    if (pathname === '/clock' && request.headers.Observe === 0) {
      count(response);
    } else if (request.method === 'PUT') {
      stored.set(pathname, request.payload);
      response.code = '2.04';
      response.end();
    } else if (stored.has(pathname)) {
      response.end(stored.get(pathname));
    } else {
      response.code = '4.04';
      response.end();
    }
  };
}

function count(response) {
  let n = 0;
  const timer = setInterval(() => response.write(String(++n)), 10);
  response.on('finish', () => clearInterval(timer));
}

async function listen(resources) {
  const server = coap.createServer(handle(resources));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

/** @returns {Promise<{ code: string, payload: string }>} */
function request(port, method, pathname, payload) {
  return new Promise((resolve, reject) => {
    const outgoing = coap.request({
      hostname: '127.0.0.1', port, method, pathname, confirmable: true,
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      resolve({ code: response.code, payload: String(response.payload) });
    });
    outgoing.end(payload);
  });
}

/** The first `wanted` notifications. */
function observe(port, pathname, wanted) {
  return new Promise((resolve, reject) => {
    const seen = [];
    const outgoing = coap.request({
      hostname: '127.0.0.1', port, pathname, observe: true,
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      response.on('data', (data) => {
        seen.push(String(data));
        if (seen.length < wanted) return;
        response.close();
        resolve(seen);
      });
    });
    outgoing.end();
  });
}

serve({ listen, request, observe });
