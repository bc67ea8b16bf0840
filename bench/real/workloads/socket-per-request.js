'use strict';

/** A client that opens and closes a socket for each request, 20 at a time. */

const CONCURRENT = 20;

module.exports = {
  name: 'socket per request',
  table: 'real',
  implementations: ['dgram-native', 'node:dgram'],
  metrics: ['cpuPerRequest', 'workRate'],

  async start(stage) {
    const server = await stage.startTool('echo-server', {});
    await stage.startProgram('socket-per-request.js', {
      target: server.ports[0], concurrent: CONCURRENT,
    });
    return async () => {
      const { work } = await stage.snapshot();
      const { total } = await server.stop();
      if (total >= work) return;
      throw new Error(`the server answered only ${total} of ${work} requests`);
    };
  },
};
