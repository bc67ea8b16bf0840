'use strict';

/**
 * WebRTC: two peers with a data channel. One sends messages of 1 KiB, 16 at a
 * time, the other returns them.
 */

const { HOST, packageRequire, serve } = require('../../program');

const { RTCPeerConnection } = packageRequire('werift');

const MESSAGES = 16;
const message = Buffer.alloc(1024, 'x');

function connection() {
  return new RTCPeerConnection({
    iceServers: [],
    iceInterfaceAddresses: { udp4: HOST },
    iceAdditionalHostAddresses: [HOST],
    iceUseIpv6: false,
    iceFilterCandidatePair: ({ localCandidate, remoteCandidate }) =>
      localCandidate.host === HOST && remoteCandidate.host === HOST,
  });
}

async function connect(caller, callee) {
  await caller.setLocalDescription(await caller.createOffer());
  await callee.setRemoteDescription(caller.localDescription);
  await callee.setLocalDescription(await callee.createAnswer());
  await caller.setRemoteDescription(callee.localDescription);
}

async function main() {
  const caller = connection();
  const callee = connection();
  let returned = 0;
  callee.onDataChannel.subscribe((channel) => {
    channel.onMessage.subscribe((data) => channel.send(data));
  });
  const channel = caller.createDataChannel('bench');
  function sendMessages() {
    for (let i = 0; i < MESSAGES; i++) channel.send(message);
  }
  channel.onMessage.subscribe((data) => {
    if (data.length !== message.length) throw new Error('another message');
    if (++returned % MESSAGES === 0) sendMessages();
  });
  const open = new Promise((resolve) => {
    channel.stateChanged.subscribe((state) => {
      if (state === 'open') resolve();
    });
  });
  await connect(caller, callee);
  await open;
  serve([], () => returned);
  sendMessages();
}

main();
