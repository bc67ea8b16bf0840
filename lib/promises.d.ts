import { AddressInfo } from 'node:net';
import * as dgram from './index.js';

/** Methods that return promises. */
type Promised = 'bind' | 'connect' | 'send' | 'sendto' | 'sendMany' | 'close';

/** Methods that return the socket, which is of another type here. */
type Chained =
  'addListener' | 'off' | 'on' | 'once' | 'pause' | 'prependListener' |
  'prependOnceListener' | 'ref' | 'removeAllListeners' | 'removeListener' |
  'resume' | 'setDontFragment' | 'setMaxListeners' | 'setPacingRate' |
  'setTypeOfService' | 'unref';

type MessageListener = NonNullable<Parameters<typeof dgram.createSocket>[1]>;

/** on() and its relatives, of a socket of the type `S`. */
interface AddListener<S> {
  (event: 'batch', listener: (batch: dgram.Batch) => void): S;
  (event: 'icmp',
   listener: (error: dgram.IcmpError, info: dgram.IcmpInfo) => void): S;
  (event: 'close' | 'connect' | 'drain' | 'listening',
   listener: () => void): S;
  (event: 'error', listener: (error: Error) => void): S;
  (event: 'message', listener: MessageListener): S;
  (event: string | symbol, listener: (...args: any[]) => void): S;
}

/** The same, of a Unix datagram socket. */
interface AddUnixListener<S> {
  <E extends keyof dgram.UnixSocketEvents>(
    event: E,
    listener: (...args: dgram.UnixSocketEvents[E]) => void): S;
  (event: string | symbol, listener: (...args: any[]) => void): S;
}

/**
 * The Socket of dgram-native, of which some methods return promises. A promise
 * that is pending when the socket is closed is rejected with ECANCELED.
 */
export interface Socket extends Omit<dgram.Socket, Promised | Chained> {
  /** Resolves with the local address. The error is not emitted. */
  bind(port?: number, address?: string): Promise<AddressInfo>;
  bind(options: dgram.BindOptions): Promise<AddressInfo>;

  /** Resolves when the socket is connected. The error is not emitted. */
  connect(port: number, address?: string): Promise<void>;

  /** Resolves with the number of bytes that were sent. */
  send(msg: dgram.Message, port?: number, address?: string): Promise<number>;
  send(msg: dgram.Message, target: dgram.SendTarget): Promise<number>;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
       port?: number, address?: string): Promise<number>;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
       target: dgram.SendTarget): Promise<number>;

  /** As send(); requires all arguments. */
  sendto(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
         port: number, address: string): Promise<number>;

  /**
   * Resolves with the number of datagrams that the kernel has accepted, which
   * is all of them. The error, the first one, has their number as `sent`.
   */
  sendMany(packets: ReadonlyArray<dgram.Message>,
           settings?: dgram.SendManySettings): Promise<number>;
  sendMany<T extends ReadonlyArray<dgram.Message | dgram.SendTarget> | []>(
    packets: T & dgram.TargetsOf<T>,
  ): Promise<number>;
  sendMany<T extends ReadonlyArray<dgram.PacketElement> | []>(
    packets: T & dgram.PacketsOf<T>,
    settings?: dgram.SendManySettings,
  ): Promise<number>;
  sendMany(batch: dgram.PacketColumns,
           settings?: dgram.SendManySettings): Promise<number>;

  /** Resolves after 'close', when all other promises of the socket are settled. */
  close(): Promise<void>;

  // As in dgram-native; these return the socket.
  addListener: AddListener<this>;
  off: AddListener<this>;
  on: AddListener<this>;
  once: AddListener<this>;
  prependListener: AddListener<this>;
  prependOnceListener: AddListener<this>;
  removeListener: AddListener<this>;
  removeAllListeners(event?: string | symbol): this;
  setMaxListeners(count: number): this;
  pause(): this;
  resume(): this;
  ref(): this;
  unref(): this;
  setDontFragment(mode: boolean | 'probe'): this;
  setPacingRate(bytesPerSecond: number): this;
  setTypeOfService(tos: number): this;
}

/** A Unix datagram socket, of which the same methods return promises. */
export interface UnixSocket extends
  Omit<dgram.UnixSocket, Promised | Chained> {
  /** Resolves with the name of the socket. The error is not emitted. */
  bind(target?: string | { path: string } | { fd: number }):
  Promise<dgram.UnixAddress>;

  /** Resolves when the socket is connected. The error is not emitted. */
  connect(path: string): Promise<void>;

  /** Resolves with the number of bytes that were sent. */
  send(msg: dgram.Message, path?: string): Promise<number>;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
       path?: string): Promise<number>;

  /** As send(); requires all arguments. */
  sendto(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
         path: string): Promise<number>;

  /** As sendMany() of Socket. */
  sendMany(packets: ReadonlyArray<dgram.Message>): Promise<number>;
  sendMany(batch: dgram.UnixPacketColumns): Promise<number>;

  /** Resolves after 'close', when all other promises of the socket are settled. */
  close(): Promise<void>;

  // As in dgram-native; these return the socket.
  addListener: AddUnixListener<this>;
  off: AddUnixListener<this>;
  on: AddUnixListener<this>;
  once: AddUnixListener<this>;
  prependListener: AddUnixListener<this>;
  prependOnceListener: AddUnixListener<this>;
  removeListener: AddUnixListener<this>;
  removeAllListeners(event?: string | symbol): this;
  setMaxListeners(count: number): this;
  pause(): this;
  resume(): this;
  ref(): this;
  unref(): this;
}

/**
 * A subclass of the Socket of dgram-native. For Unix datagram sockets, call
 * createSocket().
 */
export const Socket: {
  new (
    options: dgram.TicketOptions | dgram.ProcessTicketOptions,
    callback?: MessageListener,
  ): Socket;
  new (
    type: Socket['type'] | dgram.SocketOptions | dgram.DualStackSocketOptions,
    callback?: MessageListener,
  ): Socket;
  readonly prototype: Socket;
};

export function createSocket(
  type: 'unix_dgram' | dgram.UnixSocketOptions,
  callback?: (...args: dgram.UnixSocketEvents['message']) => void,
): UnixSocket;
export function createSocket(
  type: Socket['type'],
  callback?: MessageListener,
): Socket;
export function createSocket(
  options: dgram.TicketOptions | dgram.ProcessTicketOptions,
  callback?: MessageListener,
): Socket;
export function createSocket(
  options: dgram.SocketOptions | dgram.DualStackSocketOptions,
  callback?: MessageListener,
): Socket;
