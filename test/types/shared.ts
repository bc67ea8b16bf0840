// What node:dgram and dgram-native have in common is the same for TypeScript:
// each can take the other's place.
import * as nodeDgram from 'node:dgram';
import * as ours from 'dgram-native';

type Added = 'send' | 'sendto' | 'sendMany' | 'bindSync' | 'connectSync' | 'setTypeOfService' |
  'getTypeOfService' | 'setDontFragment' | 'setPacingRate' | 'getPathMTU' |
  'stats' | 'detach' | 'type' |
  'pause' | 'resume' | 'isPaused' | 'iterator' | 'writableNeedDrain' |
  typeof Symbol.asyncIterator;
type Shared = nodeDgram.Socket & Pick<ours.Socket, Added>;

declare const socket: ours.Socket;
declare const nodeSocket: nodeDgram.Socket;
declare const completed: Shared;

export const asNodes: nodeDgram.Socket = socket;
export const asOurs: ours.Socket = completed;
// @ts-expect-error -- without the additions it is not
export const notOurs: ours.Socket = nodeSocket;

export const createAsNodes: typeof nodeDgram.createSocket = ours.createSocket;
export const createAsOurs: (
  ...args: Parameters<typeof ours.createSocket>
) => nodeDgram.Socket = nodeDgram.createSocket;
export const classAsNodes: typeof nodeDgram.Socket = ours.Socket;

declare const options: ours.SocketOptions;
declare const nodeOptions: nodeDgram.SocketOptions;
export const optionsAsNodes: nodeDgram.SocketOptions = options;
export const optionsAsOurs: ours.SocketOptions = nodeOptions;

// The types beside them are Node's own, by their names.
export const rinfo: (value: ours.RemoteInfo) => nodeDgram.RemoteInfo =
  (value) => value;
export const bind: (value: nodeDgram.BindOptions) => ours.BindOptions =
  (value) => value;
export const type: (value: ours.SocketType) => nodeDgram.SocketType =
  (value) => value;

// A library that makes its own kind of socket.
export class Counting extends ours.Socket {
  count = 0;

  override send(...args: any[]): void {
    this.count++;
    (super.send as (...rest: any[]) => void)(...args);
  }
}
