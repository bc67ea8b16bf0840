import { createSocket, transport } from 'dgram-native';

const socket = createSocket('udp4');
socket.on('message', (msg) => {
  console.log(JSON.stringify(
    [transport, socket.constructor.name, String(msg)]));
  socket.close();
});
socket.bind(0, '127.0.0.1', () =>
  socket.send('hello', socket.address().port, '127.0.0.1'));
