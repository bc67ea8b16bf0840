/// <reference types="node" />

import * as dgram from 'node:dgram';
import { AddressInfo, BlockList } from 'node:net';

/** As the installed @types/node have it: their Buffer types differ. */
type MessageListener =
  NonNullable<Parameters<typeof dgram.createSocket>[1]>;

/** A batch of datagrams in columns; see docs/api.md. */
export interface Batch {
  /** Datagrams in the batch, at least 1. */
  readonly count: number;
  /** All payloads, one after the other; nobody writes to it again. */
  readonly data: Buffer;
  /** Where each payload starts in `data`, in bytes. */
  readonly offsets: Uint32Array;
  /** Bytes of each payload. */
  readonly sizes: Uint32Array;
  /** Ports of the senders. */
  readonly ports: Uint16Array;
  /** Addresses of the senders. */
  readonly addresses: readonly string[];
  /** The family of the socket. */
  readonly family: 'IPv4' | 'IPv6';
}

/** What send() takes. */
export type Message =
  | string
  | NodeJS.ArrayBufferView
  | ReadonlyArray<string | NodeJS.ArrayBufferView>;

export interface SocketOptions extends dgram.SocketOptions {
  /** Messages of one batch are views of one memory. Default: false. */
  sharedBuffers?: boolean | undefined;
  /** Several sockets may bind one port, the kernel spreads the load. */
  reusePort?: boolean | undefined;
  /** Datagrams from these addresses are dropped. */
  receiveBlockList?: BlockList | undefined;
  /** Datagrams to these addresses fail with ERR_IP_BLOCKED. */
  sendBlockList?: BlockList | undefined;
}

/**
 * The sockets of node:dgram and what we add. Where `transport` is 'node' the
 * additions are missing: sendMany() always, bindSync() and connectSync() on a
 * Node that has none.
 */
export class Socket extends dgram.Socket {
  /**
   * Sends many datagrams at once and in order.
   * @param packets connected: messages; unconnected: message, port, address of
   *   each datagram in turn
   * @param callback once all have left or failed: the first error, and how many
   *   the kernel took
   * @returns how many datagrams were handed on
   */
  sendMany(
    packets: ReadonlyArray<Message | number | null | undefined>,
    callback?: (error: Error | null, sent: number) => void,
  ): number;

  /** Binds at once to a numeric address; 'listening' follows (Node 26.4). */
  bindSync(options?: {
    port?: number | undefined;
    address?: string | undefined;
  }): AddressInfo;

  /** Connects at once to a numeric address; 'connect' follows (Node 26.4). */
  connectSync(port: number, address?: string): void;

  addListener(event: 'batch', listener: (batch: Batch) => void): this;
  addListener(event: 'close' | 'connect' | 'listening',
              listener: () => void): this;
  addListener(event: 'error', listener: (error: Error) => void): this;
  addListener(event: 'message', listener: MessageListener): this;
  addListener(event: string | symbol, listener: (...args: any[]) => void): this;

  on(event: 'batch', listener: (batch: Batch) => void): this;
  on(event: 'close' | 'connect' | 'listening', listener: () => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: 'message', listener: MessageListener): this;
  on(event: string | symbol, listener: (...args: any[]) => void): this;

  once(event: 'batch', listener: (batch: Batch) => void): this;
  once(event: 'close' | 'connect' | 'listening', listener: () => void): this;
  once(event: 'error', listener: (error: Error) => void): this;
  once(event: 'message', listener: MessageListener): this;
  once(event: string | symbol, listener: (...args: any[]) => void): this;
}

export function createSocket(
  type: dgram.SocketType,
  callback?: MessageListener,
): Socket;
export function createSocket(
  options: SocketOptions,
  callback?: MessageListener,
): Socket;

/**
 * What carries the datagrams of this process: a data path of ours, or 'node',
 * node:dgram itself, where there is no compiled addon.
 */
export const transport: 'linux' | 'uv' | 'node';

export type { BindOptions, RemoteInfo, SocketType } from 'node:dgram';
