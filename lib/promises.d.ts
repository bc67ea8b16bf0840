import { AddressInfo } from 'node:net';
import * as dgram from './index.js';

/** Methods that return promises. */
type Promised = 'bind' | 'connect' | 'send' | 'sendto' | 'sendMany' | 'close';

/**
 * The Socket of dgram-native, of which some methods return promises. A promise
 * that is pending when the socket is closed is rejected with ECANCELED.
 */
export interface Socket extends Omit<dgram.Socket, Promised> {
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

  /** Resolves after 'close'. */
  close(): Promise<void>;
}

/** What createSocket() accepts. There are no promises of Unix sockets. */
type TypeOrOptions =
  dgram.SocketType | 'udp' | dgram.SocketOptions |
  dgram.DualStackSocketOptions | dgram.TicketOptions;

type MessageListener = Parameters<typeof dgram.createSocket>[1];

/** A subclass of the Socket of dgram-native. */
export const Socket: {
  new (type: TypeOrOptions, callback?: MessageListener): Socket;
  readonly prototype: Socket;
};

export function createSocket(
  type: dgram.SocketType | 'udp',
  callback?: MessageListener,
): Socket;
export function createSocket(
  options: dgram.DualStackSocketOptions,
  callback?: MessageListener,
): Socket;
export function createSocket(
  options: dgram.TicketOptions,
  callback?: MessageListener,
): Socket;
export function createSocket(
  options: dgram.SocketOptions,
  callback?: MessageListener,
): Socket;
