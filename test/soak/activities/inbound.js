'use strict';

const { dropsOf } = require('../../support/kernel');
const { Incoming, Outgoing } = require('../flow');

/**
 * An activity with one flow to a native socket, `receiver`, which open()
 * creates. `sender` is the other socket if that is a native one as well.
 */
class Inbound {
  constructor(name, flow) {
    this.name = name;
    this.outgoing = new Outgoing(flow);
    this.incoming = new Incoming(flow);
    this.sender = null;
  }

  flows() {
    const { outgoing, incoming, receiver } = this;
    const drops = dropsOf(receiver.address().port, receiver.type);
    return [{ outgoing, incoming, drops }];
  }

  close() {
    this.sender?.close();
    this.receiver.close();
  }
}

module.exports = { Inbound };
