/// <reference types="node" />

// Types of Unix datagram sockets: createSocket('unix_dgram').

import { EventEmitter } from 'node:events';

import type { IteratorOptions, Message, Stats } from './index';

/** What createSocket({ type: 'unix_dgram', receiveInfo }) can ask for. */
export type UnixReceiveInfoName = 'credentials' | 'timestamp';

/** Who has sent a datagram, as the kernel reports it (SCM_CREDENTIALS). */
export interface UnixCredentials {
  /** Process; 0 if it is in a PID namespace that this process cannot see. */
  pid: number;
  /** User. */
  uid: number;
  /** Group. */
  gid: number;
}

/** The source of a datagram. */
export interface UnixRemoteInfo {
  /**
   * Name that the sender is bound to: a path, or an abstract name with NUL in
   * front. Empty if it is not bound.
   */
  path: string;
  family: 'unix';
  /** Size of the datagram, in bytes. */
  size: number;
  /** With receiveInfo: ['credentials']. */
  credentials?: UnixCredentials | undefined;
  /** With receiveInfo: ['timestamp']: nanoseconds since 1970 (UTC). */
  timestamp?: bigint | undefined;
}

/** The name of a Unix socket. */
export interface UnixAddress {
  /** As in UnixRemoteInfo. */
  path: string;
  family: 'unix';
}

/** A batch of received datagrams, in columns. */
export interface UnixBatch {
  /** Number of datagrams, at least 1. */
  readonly count: number;
  /**
   * The payloads, concatenated. This memory is never written again, except with
   * the option `reuseBatch`.
   */
  readonly data: Buffer;
  /** Start of each payload in `data`, in bytes. */
  readonly offsets: Uint32Array;
  /** Size of each payload, in bytes. */
  readonly sizes: Uint32Array;
  /** Name of each sender. */
  readonly paths: readonly string[];
  readonly family: 'unix';
  /** The following columns exist if `receiveInfo` has their names. */
  readonly credentials?: ReadonlyArray<UnixCredentials | undefined>;
  readonly timestamp?: BigInt64Array;
}

/** Datagrams that sendMany() accepts as columns. A `UnixBatch` is one. */
export interface UnixPacketColumns {
  readonly count: number;
  readonly data: Uint8Array;
  readonly offsets: ArrayLike<number>;
  readonly sizes: ArrayLike<number>;
  /** Destination of each datagram, or of all. Ignored if connected. */
  readonly paths?: string | readonly string[] | undefined;
}

export interface UnixSocketOptions {
  type: 'unix_dgram';
  /** SO_SNDBUF in bytes; also the limit of a datagram. Set by bind(). */
  sendBufferSize?: number | undefined;
  /** SO_RCVBUF in bytes. It has no effect on the kernel's queue. */
  recvBufferSize?: number | undefined;
  /** Aborting it closes the socket. */
  signal?: AbortSignal | undefined;
  /** As in SocketOptions. */
  sharedBuffers?: boolean | undefined;
  /** As in SocketOptions. */
  reuseBatch?: boolean | undefined;
  /** As in SocketOptions. */
  closeWhenCollected?: boolean | undefined;
  /** As in SocketOptions: bytes, default 65536. */
  sendHighWaterMark?: number | undefined;
  /** What `rinfo` and the columns of 'batch' have in addition. */
  receiveInfo?: readonly UnixReceiveInfoName[] | undefined;
  /** close() removes the file that bind() has created. Default: true. */
  unlink?: boolean | undefined;
}

/** The arguments of the listeners. */
export interface UnixSocketEvents {
  batch: [batch: UnixBatch];
  close: [];
  congestion: [];
  connect: [];
  drain: [];
  error: [error: Error];
  listening: [];
  message: [msg: Buffer, rinfo: UnixRemoteInfo];
  writable: [];
}

type UnixListener<E extends keyof UnixSocketEvents> =
  (...args: UnixSocketEvents[E]) => void;

type AnyListener = (...args: any[]) => void;

type UnixSendCallback = (error: Error | null, bytes: number) => void;

type UnixSendManyCallback = (error: Error | null, sent: number) => void;

/**
 * A Unix datagram socket. At run time it is also an instance of Socket; the
 * methods of Socket that are about IP throw ENOTSUP.
 */
export interface UnixSocket extends EventEmitter {
  readonly type: 'unix_dgram';

  /**
   * Binds the socket to a name before it returns; 'listening' or 'error'
   * follows.
   * @param target a path; an abstract name, with '@' or NUL in front; default:
   *   an abstract name that the kernel chooses; `fd`: a bound descriptor
   */
  bind(target: string | { path: string } | { fd: number },
       callback?: () => void): this;
  bind(callback?: () => void): this;
  /** The same; an error is thrown. */
  bindSync(target?: string | { path: string } | { fd: number }): UnixAddress;

  /** Connects before it returns; 'connect' follows, or the error. */
  connect(path: string, callback?: (error?: Error) => void): void;
  /** The same; an error is thrown. */
  connectSync(path: string): void;
  disconnect(): void;

  /** Sends a datagram to a name. */
  send(msg: Message, path: string, callback?: UnixSendCallback): void;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
       path: string, callback?: UnixSendCallback): void;
  /** Sends a datagram to the connected peer. */
  send(msg: Message, callback?: UnixSendCallback): void;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
       callback?: UnixSendCallback): void;
  sendto(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
         path: string, callback?: UnixSendCallback): void;

  /**
   * Sends many datagrams at once, in order.
   * @param packets message and path of each datagram in turn; connected: one
   *   message for each datagram; or columns
   * @returns the number of datagrams that were submitted
   */
  sendMany(packets: ReadonlyArray<Message>,
           callback?: UnixSendManyCallback): number;
  sendMany(batch: UnixPacketColumns, callback?: UnixSendManyCallback): number;

  /** The name of the socket; `path` is empty if it is not bound. */
  address(): UnixAddress;
  /** The name that the socket is connected to. */
  remoteAddress(): UnixAddress;

  close(callback?: () => void): this;
  [Symbol.asyncDispose](): Promise<void>;
  ref(): this;
  unref(): this;
  getSendBufferSize(): number;
  setSendBufferSize(size: number): void;
  getRecvBufferSize(): number;
  setRecvBufferSize(size: number): void;
  /** Bytes that wait until the socket can send. */
  getSendQueueSize(): number;
  /** Datagrams that wait until the socket can send. */
  getSendQueueCount(): number;
  stats(): Stats;
  /** Whether the send queue has reached `sendHighWaterMark`, until 'drain'. */
  readonly writableNeedDrain: boolean;

  /** Stops reading, and 'message' and 'batch', until resume(). */
  pause(): this;
  /** Ends pause(). */
  resume(): this;
  /** Whether the socket is open and paused. */
  isPaused(): boolean;
  /** As iterator() of Socket. */
  iterator(options?: IteratorOptions):
  AsyncIterableIterator<UnixSocketEvents['message']>;
  /** iterator() without options. */
  [Symbol.asyncIterator]():
  AsyncIterableIterator<UnixSocketEvents['message']>;

  addListener<E extends keyof UnixSocketEvents>(
    event: E, listener: UnixListener<E>): this;
  addListener(event: string | symbol, listener: AnyListener): this;
  on<E extends keyof UnixSocketEvents>(
    event: E, listener: UnixListener<E>): this;
  on(event: string | symbol, listener: AnyListener): this;
  once<E extends keyof UnixSocketEvents>(
    event: E, listener: UnixListener<E>): this;
  once(event: string | symbol, listener: AnyListener): this;
  prependListener<E extends keyof UnixSocketEvents>(
    event: E, listener: UnixListener<E>): this;
  prependListener(event: string | symbol, listener: AnyListener): this;
  prependOnceListener<E extends keyof UnixSocketEvents>(
    event: E, listener: UnixListener<E>): this;
  prependOnceListener(event: string | symbol, listener: AnyListener): this;
  off<E extends keyof UnixSocketEvents>(
    event: E, listener: UnixListener<E>): this;
  off(event: string | symbol, listener: AnyListener): this;
  removeListener<E extends keyof UnixSocketEvents>(
    event: E, listener: UnixListener<E>): this;
  removeListener(event: string | symbol, listener: AnyListener): this;
}
