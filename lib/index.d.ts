/// <reference types="node" />

import type { SendHandle } from 'node:child_process';
import * as dgram from 'node:dgram';
import { AddressInfo, BlockList } from 'node:net';

import type {
  UnixSocket, UnixSocketEvents, UnixSocketOptions,
} from './unix-dgram';

/** What createSocket({ receiveInfo }) can ask for. */
export type ReceiveInfoName =
  'localAddress' | 'interface' | 'interfaceIndex' | 'tos' | 'ttl' | 'timestamp';

/**
 * The source of a datagram, and what was asked for with the option
 * `receiveInfo`. Other properties do not exist; one is undefined if the kernel
 * did not report it.
 */
export interface RemoteInfo extends dgram.RemoteInfo {
  /** Destination address of the datagram. Of a multicast datagram the group. */
  localAddress?: string | undefined;
  /** Name of the interface that received it. */
  interface?: string | undefined;
  /** Index of that interface. */
  interfaceIndex?: number | undefined;
  /** Type of service, traffic class: 0 to 255. ECN is `tos & 3`. */
  tos?: number | undefined;
  /** Time to live, hop limit: 0 to 255. */
  ttl?: number | undefined;
  /** When the kernel received it: nanoseconds since 1970 (UTC). */
  timestamp?: bigint | undefined;
}

/** `msg` as in the installed @types/node, whose versions differ in `Buffer`. */
type MessageListener = (
  msg: Parameters<NonNullable<Parameters<typeof dgram.createSocket>[1]>>[0],
  rinfo: RemoteInfo,
) => void;

/** A batch of received datagrams, one typed array per column. */
export interface Batch {
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
  /** Source port of each datagram. */
  readonly ports: Uint16Array;
  /** Source address of each datagram. */
  readonly addresses: readonly string[];
  /** Address family of the socket; of type 'udp', that of the datagrams. */
  readonly family: 'IPv4' | 'IPv6';
  /** The following columns exist if `receiveInfo` has their names. */
  readonly localAddress?: ReadonlyArray<string | undefined>;
  readonly interface?: ReadonlyArray<string | undefined>;
  readonly interfaceIndex?: Uint32Array;
  readonly tos?: Uint8Array;
  readonly ttl?: Uint8Array;
  readonly timestamp?: BigInt64Array;
}

/**
 * Datagrams that sendMany() accepts as columns. A `Batch` is one. Elements
 * behind `count` are ignored.
 */
export interface PacketColumns {
  /** Number of datagrams. */
  readonly count: number;
  /** Memory that contains the payloads. They may overlap. */
  readonly data: Uint8Array;
  /** Start of each payload in `data`, in bytes. A Uint32Array is fastest. */
  readonly offsets: ArrayLike<number>;
  /** Size of each payload, in bytes. A Uint32Array is fastest. */
  readonly sizes: ArrayLike<number>;
  /**
   * Destination port of each datagram, or of all. Required on an unconnected
   * socket, ignored on a connected one.
   */
  readonly ports?: number | ArrayLike<number> | undefined;
  /**
   * Numeric destination address of each datagram, or of all; default:
   * loopback. Ignored on a connected socket.
   */
  readonly addresses?:
    string | ReadonlyArray<string | null | undefined> | null | undefined;
}

/** A message that send() accepts; an array is sent as one datagram. */
export type Message =
  | string
  | NodeJS.ArrayBufferView
  | ReadonlyArray<string | NodeJS.ArrayBufferView>;

/**
 * Settings of one datagram; those of the socket apply to the others. With the
 * transport 'linux' only: see `features.sendSettings`.
 */
export interface SendSettings {
  /** IP_PKTINFO, IPV6_PKTINFO: the source address, one of this host. */
  localAddress?: string | undefined;
  /** The interface through which it leaves: its name, or its index. */
  interface?: string | number | undefined;
  /** IP_TOS, IPV6_TCLASS: the whole byte, 0 to 255: DSCP << 2 | ECN. */
  tos?: number | undefined;
  /** IP_TTL, IPV6_HOPLIMIT: 1 to 255, also for multicast. */
  ttl?: number | undefined;
  /**
   * SCM_TXTIME: when the queueing discipline sends it, in nanoseconds of the
   * clock of the option `txtime`. See `features.txtime`.
   */
  sendTime?: bigint | undefined;
}

/** An argument of send() in the place of the port. */
export interface SendTarget extends SendSettings {
  /** Required on an unconnected socket, not allowed on a connected one. */
  port?: number | undefined;
  /** Default: loopback. Not allowed on a connected socket. */
  address?: string | null | undefined;
}

/** Settings of the datagrams of sendMany(): for all, or one per datagram. */
export interface SendManySettings {
  localAddress?:
    string | ReadonlyArray<string | undefined> | undefined;
  interface?:
    string | number | ReadonlyArray<string | number | undefined> |
    Uint32Array | undefined;
  tos?: number | ReadonlyArray<number | undefined> | Uint8Array | undefined;
  ttl?: number | ReadonlyArray<number | undefined> | Uint8Array | undefined;
  sendTime?:
    bigint | ReadonlyArray<bigint | undefined> | BigInt64Array |
    BigUint64Array | undefined;
}

type SendCallback = (error: Error | null, bytes: number) => void;

/** An element of the list that sendMany() accepts on an unconnected socket. */
export type PacketElement = Message | number | null | undefined;

/**
 * `unknown` if `T` repeats `message, port, address`, or is an array whose
 * length the compiler does not know; else `never`.
 */
export type PacketsOf<T extends readonly unknown[]> =
  number extends T['length'] ? unknown :
  T extends readonly [] ? unknown :
  T extends readonly [
    Message, number, string | null | undefined, ...infer Rest,
  ] ? PacketsOf<Rest> : never;

/** The same for the form `message, { port, address, ...settings }`. */
export type TargetsOf<T extends readonly unknown[]> =
  number extends T['length'] ? unknown :
  T extends readonly [] ? unknown :
  T extends readonly [Message, SendTarget, ...infer Rest] ?
    TargetsOf<Rest> : never;

/** The option `lookupCache`. */
export interface LookupCacheOptions {
  /** How long an answer is used, in milliseconds. Default: 30,000. */
  ttl?: number | undefined;
  /** Names that are kept, 1 to 1,000,000. Default: 1,000. */
  max?: number | undefined;
}

export interface SocketOptions extends dgram.SocketOptions {
  /**
   * The socket is closed when it is garbage-collected: a program must hold a
   * reference to a socket that is still needed, also if it has listeners.
   * Default: false. `true` requires `features.closeWhenCollected`.
   */
  closeWhenCollected?: boolean | undefined;
  /**
   * Answers of `lookup`, or of dns.lookup(), are kept, and calls for one name
   * share a lookup. Default: each call of bind(), connect() and send() with a
   * name looks it up.
   */
  lookupCache?: LookupCacheOptions | undefined;
  /**
   * The messages of one batch are views of one ArrayBuffer. Retaining one
   * message retains the whole batch. Default: false. Not available if
   * `transport` is 'node': ERR_FEATURE_UNAVAILABLE_ON_PLATFORM.
   */
  sharedBuffers?: boolean | undefined;
  /**
   * The memory of a 'batch' is written again after its listeners have returned:
   * copy what you keep. No effect with `sharedBuffers`. Default: false. Not
   * available if `transport` is 'node'.
   */
  reuseBatch?: boolean | undefined;
  /**
   * Bytes in the send queue from which on `writableNeedDrain` is true, 0 to
   * 4294967295. Default: 65536. Not available if `transport` is 'node'.
   */
  sendHighWaterMark?: number | undefined;
  /**
   * SO_BINDTODEVICE: only datagrams of this interface. Linux, as the options
   * below; see `features`. They are set before bind(2). An option that the
   * system refuses is an error of bind(): `setsockopt EPERM`, with `option`.
   */
  device?: string | undefined;
  /**
   * IP_MULTICAST_ALL: false: only datagrams of groups that this socket has
   * joined. The system's default is true.
   */
  multicastAll?: boolean | undefined;
  /** IP_FREEBIND: bind() to an address that this host does not have (yet). */
  freebind?: boolean | undefined;
  /** IP_TRANSPARENT: bind() to foreign addresses. Requires CAP_NET_ADMIN. */
  transparent?: boolean | undefined;
  /** SO_PRIORITY, 0 to 4294967295. More than 6 requires CAP_NET_ADMIN. */
  priority?: number | undefined;
  /** SO_MARK, 0 to 4294967295. Requires CAP_NET_ADMIN. */
  mark?: number | undefined;
  /**
   * SO_TXTIME: sends may have the setting `sendTime`, in nanoseconds of this
   * clock: CLOCK_MONOTONIC as `process.hrtime.bigint()`, for the queueing
   * discipline fq; or CLOCK_TAI for etf, which requires CAP_NET_ADMIN.
   */
  txtime?: 'monotonic' | 'tai' | undefined;
  /**
   * IP_RECVERR, IPV6_RECVERR: ICMP errors are events 'icmp', and no send or
   * receive fails for them. `true` requires `features.icmpErrors`; `false` is
   * accepted everywhere.
   */
  icmpErrors?: boolean | undefined;
  /**
   * What `rinfo` and the columns of 'batch' have in addition: IP_PKTINFO,
   * IP_RECVTOS, IP_RECVTTL, SO_TIMESTAMPNS and their counterparts of IPv6.
   * Requires the transport 'linux'; see `features`.
   */
  receiveInfo?: readonly ReceiveInfoName[] | undefined;
  /**
   * Which of the `workers` sockets of a port receives a datagram: the one whose
   * index is the number of the CPU, or the key in the payload, modulo
   * `workers`. Requires `reusePort`. SO_ATTACH_REUSEPORT_CBPF, Linux 4.5; see
   * `features`.
   */
  steering?: 'cpu' | SteeringKey | undefined;
  /** For `steering`: how many sockets share the port, 1 to 65535. */
  workers?: number | undefined;
  /** Lets several sockets bind one port (SO_REUSEPORT). In Node since 22.12. */
  reusePort?: boolean | undefined;
  /** Datagrams from these addresses are dropped. In Node since 22.13. */
  receiveBlockList?: BlockList | undefined;
  /** Sends to these addresses fail with ERR_IP_BLOCKED. In Node since 22.13. */
  sendBlockList?: BlockList | undefined;
}

/** The key of `steering`: a big-endian number in the payload. */
export interface SteeringKey {
  /** Its first byte, 0 to 65535. */
  offset: number;
  /** Its size in bytes, 1 to 20. */
  length: number;
}

/** A descriptor without a socket; see detach(). Used once. */
export interface Ticket {
  /** 32 hexadecimal digits. */
  token: string;
}

/** The same for another process; see detach({ process: true }). Plain data. */
export interface ProcessTicket {
  version: number;
  /** Address and port of the socket. */
  address: string;
  port: number;
  note: string;
  data: string;
}

/**
 * The descriptor of a ProcessTicket: Node's own UDP handle, the second argument
 * of child.send() and process.send(). Their types do not have handles, and it
 * has no methods of a SendHandle but these.
 */
export type TicketHandle = SendHandle & {
  /** Closes the descriptor: the ticket is lost. */
  close(): void;
  /** Negative once it is closed. */
  readonly fd: number;
};

interface TakenSocketOptions extends
  Pick<SocketOptions, 'sharedBuffers' | 'reuseBatch' | 'lookup' | 'signal' |
    'receiveBlockList' | 'sendBlockList' | 'lookupCache' |
    'sendHighWaterMark' | 'closeWhenCollected'> {
  /** That of the ticket. */
  type?: dgram.SocketType | 'udp' | undefined;
}

/** Options of a socket that continues with the descriptor of another one. */
export interface TicketOptions extends TakenSocketOptions {
  /** Of detach(), in any thread of this process. */
  from: Ticket;
}

/** The same, of another process. */
export interface ProcessTicketOptions extends TakenSocketOptions {
  /** Of detach({ process: true }). */
  from: ProcessTicket;
  /**
   * What 'message' of `process` or of a child had as its second argument. It is
   * closed when the socket has taken the descriptor.
   */
  handle: unknown;
}

/** Options of iterator(). */
export interface IteratorOptions {
  /** Datagrams in its queue until it pauses the socket. Default: 64. */
  highWaterMark?: number | undefined;
  /** Aborting it ends the iterator with an AbortError. */
  signal?: AbortSignal | undefined;
}

/** One socket for IPv4 and IPv6. See `features.dualStack`. */
export interface DualStackSocketOptions extends
  Omit<SocketOptions, 'type' | 'ipv6Only'> {
  type: 'udp';
  ipv6Only?: false | undefined;
}

/** A system error, such as `icmp ECONNREFUSED 192.0.2.1:53`. */
export interface IcmpError extends NodeJS.ErrnoException {
  /** Destination of the datagram, as in IcmpInfo. */
  address?: string | undefined;
  /** Its port. */
  port?: number | undefined;
  /** MTU of the next hop in bytes, with EMSGSIZE. */
  mtu?: number | undefined;
}

/** What an ICMP error is about. */
export interface IcmpInfo {
  /** Destination of the datagram; undefined if the kernel does not tell. */
  address: string | undefined;
  /** Its port. */
  port: number;
  /** Its family. */
  family: 'IPv4' | 'IPv6' | undefined;
  /** The host or router that sent the ICMP message. */
  offender: string | undefined;
  /** Type of ICMP, or of ICMPv6 for an IPv6 destination. */
  type: number;
  /** Code of ICMP or ICMPv6. */
  code: number;
  /** MTU of the next hop in bytes, with EMSGSIZE. */
  mtu: number | undefined;
}

/** The interface of a membership. */
export interface MembershipInterface {
  /** Its name, or its index. */
  interface: string | number;
}

/** Counters of a socket, or of a thread, since it was created. */
export interface Stats {
  /** Datagrams received. */
  received: number;
  /** Their payload, in bytes. */
  receivedBytes: number;
  /** Datagrams that the kernel has accepted. */
  sent: number;
  /** Their payload, in bytes. */
  sentBytes: number;
  /** Datagrams that failed, or were cancelled by close(). */
  sendErrors: number;
  /** System calls that receive. */
  receiveCalls: number;
  /** System calls that send. */
  sendCalls: number;
  /** GRO buffers with several datagrams. */
  mergedRuns: number;
  /** GSO sends. */
  segmentedRuns: number;
  /**
   * Datagrams that the kernel has dropped because the receive buffer was full;
   * GRO buffers count as one. Undefined if the system does not tell.
   */
  kernelDrops: number | undefined;
  /** Datagrams that wait for a writable socket now. */
  queued: number;
  /** Their payload, in bytes. */
  queuedBytes: number;
}

/** The message of the diagnostics channel 'dgram-native:drops'. */
export interface DropsMessage {
  socket: Socket;
  /** Datagrams dropped since the last message about this socket. */
  dropped: number;
  /** Datagrams dropped since the socket was created. */
  kernelDrops: number;
}

/** Which additions to node:dgram this process has. */
export interface Features {
  /** createSocket({ closeWhenCollected }) */
  readonly closeWhenCollected: boolean;
  /** detach(), and createSocket({ from }) */
  readonly detach: boolean;
  /** createSocket({ device }) */
  readonly device: boolean;
  /** setDontFragment() */
  readonly dontFragment: boolean;
  /** createSocket('udp') */
  readonly dualStack: boolean;
  /** createSocket({ freebind }) */
  readonly freebind: boolean;
  /** createSocket({ icmpErrors }), and the event 'icmp' */
  readonly icmpErrors: boolean;
  /** stats().kernelDrops */
  readonly kernelDrops: boolean;
  /** createSocket({ lookupCache }); true on the fallback, too */
  readonly lookupCache: boolean;
  /** createSocket({ mark }) */
  readonly mark: boolean;
  /** addMembership(group, { interface }), addMembership(group, '*') */
  readonly membershipInterface: boolean;
  /** createSocket({ multicastAll }) */
  readonly multicastAll: boolean;
  /** setPacingRate() */
  readonly pacingRate: boolean;
  /** getPathMTU(), and `mtu` of EMSGSIZE */
  readonly pathMTU: boolean;
  /** pause(), resume(), iterator() */
  readonly pause: boolean;
  /** createSocket({ priority }) */
  readonly priority: boolean;
  /** createSocket({ receiveInfo }) */
  readonly receiveInfo: boolean;
  /** localAddress, interface, tos and ttl of send() and sendMany() */
  readonly sendSettings: boolean;
  /** createSocket({ sendHighWaterMark }), writableNeedDrain, event 'drain' */
  readonly sendHighWaterMark: boolean;
  /** createSocket({ reuseBatch }) */
  readonly reuseBatch: boolean;
  /** createSocket({ sharedBuffers }) */
  readonly sharedBuffers: boolean;
  /** stats() */
  readonly stats: boolean;
  /** createSocket({ steering }) */
  readonly steering: boolean;
  /** createSocket({ transparent }) */
  readonly transparent: boolean;
  /** createSocket({ txtime }), and the setting sendTime */
  readonly txtime: boolean;
  /** setTypeOfService(), getTypeOfService() */
  readonly typeOfService: boolean;
  /** createSocket('unix_dgram') */
  readonly unixDgram: boolean;
}

type BatchListener = (batch: Batch) => void;

type IcmpListener = (error: IcmpError, info: IcmpInfo) => void;

/**
 * The Socket of node:dgram with these additions. If `transport` is 'node',
 * bindSync() and connectSync() exist only if this Node has them.
 */
export class Socket extends dgram.Socket {
  /** The type that createSocket() was called with, or that of the ticket. */
  readonly type: dgram.SocketType | 'udp';

  /** Sends a datagram; the forms of node:dgram. */
  send(msg: Message, port?: number, address?: string,
       callback?: SendCallback): void;
  send(msg: Message, port?: number, callback?: SendCallback): void;
  send(msg: Message, callback?: SendCallback): void;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
       port?: number, address?: string, callback?: SendCallback): void;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
       port?: number, callback?: SendCallback): void;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
       callback?: SendCallback): void;

  /**
   * Sends a datagram with settings of its own.
   * @param target unconnected socket: with `port`, and `address` unless it is
   *   the loopback address
   */
  send(msg: Message, target: SendTarget, callback?: SendCallback): void;
  send(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
       target: SendTarget, callback?: SendCallback): void;

  /** As send(); requires all arguments except `callback`. */
  sendto(msg: string | NodeJS.ArrayBufferView, offset: number, length: number,
         port: number, address: string, callback?: SendCallback): void;

  /**
   * Sends many datagrams at once, in order.
   * @param packets connected socket: one message for each datagram
   * @param callback called once all datagrams were sent or failed, with the
   *   first error and the number of datagrams that the kernel accepted
   * @returns the number of datagrams in `packets` that were submitted
   */
  sendMany(
    packets: ReadonlyArray<Message>,
    callback?: (error: Error | null, sent: number) => void,
  ): number;

  /**
   * @param settings of all datagrams, or in columns
   */
  sendMany(
    packets: ReadonlyArray<Message>,
    settings: SendManySettings | undefined,
    callback?: (error: Error | null, sent: number) => void,
  ): number;

  /**
   * @param packets a message and an object as in send() for each datagram
   */
  sendMany<T extends ReadonlyArray<Message | SendTarget> | []>(
    packets: T & TargetsOf<T>,
    callback?: (error: Error | null, sent: number) => void,
  ): number;

  /**
   * @param packets unconnected socket: message, port and address of each
   *   datagram in turn, in one flat list
   */
  sendMany<T extends ReadonlyArray<PacketElement> | []>(
    packets: T & PacketsOf<T>,
    callback?: (error: Error | null, sent: number) => void,
  ): number;

  sendMany<T extends ReadonlyArray<PacketElement> | []>(
    packets: T & PacketsOf<T>,
    settings: SendManySettings | undefined,
    callback?: (error: Error | null, sent: number) => void,
  ): number;

  /**
   * @param batch the datagrams as columns, such as the value of 'batch'. Only
   *   `settings` are sent with them: columns of `batch` with the names of
   *   settings are ignored
   */
  sendMany(
    batch: PacketColumns,
    settings: SendManySettings | undefined,
    callback?: (error: Error | null, sent: number) => void,
  ): number;

  /**
   * @param batch the datagrams as columns, such as the value of 'batch'
   */
  sendMany(
    batch: PacketColumns,
    callback?: (error: Error | null, sent: number) => void,
  ): number;

  /** Binds to a numeric address; 'listening' follows. In Node since 24.19. */
  bindSync(options?: {
    port?: number | undefined;
    address?: string | undefined;
  }): AddressInfo;

  /** Connects to a numeric address; 'connect' follows. In Node since 24.19. */
  connectSync(port: number, address?: string): void;

  /**
   * IP_TOS, IPV6_TCLASS: DSCP and ECN of the datagrams sent from now on.
   * @param tos 0 to 255
   */
  setTypeOfService(tos: number): this;

  /** The value of IPV6_TCLASS (udp6) or IP_TOS, 0 to 255. */
  getTypeOfService(): number;

  /**
   * IP_MTU_DISCOVER, IPV6_MTU_DISCOVER.
   * @param mode true: never fragment, EMSGSIZE above the path MTU; 'probe': the
   *   same, above the MTU of the interface; false: allow fragments
   */
  setDontFragment(mode: boolean | 'probe'): this;

  /**
   * SO_MAX_PACING_RATE: the queueing discipline fq spaces the datagrams.
   * @param bytesPerSecond with headers, an integer from 1; Infinity: no limit
   */
  setPacingRate(bytesPerSecond: number): this;

  /** Path MTU to the connected peer in bytes, headers included. */
  getPathMTU(): number;

  /** Counters of this socket. */
  stats(): Stats;

  /**
   * Closes the socket and leaves its descriptor, with everything received and
   * not emitted yet, to createSocket({ from }) of any thread of this process.
   * @param options `timeout`: milliseconds until an unused ticket is closed;
   *   default 60000
   */
  detach(options?: {
    timeout?: number | undefined;
    process?: false | undefined;
  }): Ticket;

  /**
   * The same for another process: child.send(ticket, handle), and there
   * createSocket({ from: ticket, handle }). The handle is closed here as soon
   * as it is sent, or after `timeout`.
   */
  detach(options: { timeout?: number | undefined; process: true }): {
    ticket: ProcessTicket;
    handle: TicketHandle;
  };

  /**
   * Stops reading from the kernel, and 'message' and 'batch', until resume().
   */
  pause(): this;

  /** Ends pause(). */
  resume(): this;

  /** Whether the socket is open and paused. */
  isPaused(): boolean;

  /**
   * An async iterator with a bounded queue: the socket is paused while it is
   * full. It ends with 'close' and throws on 'error'.
   */
  iterator(options?: IteratorOptions):
  AsyncIterableIterator<Parameters<MessageListener>>;

  /** iterator() without options. */
  [Symbol.asyncIterator]():
  AsyncIterableIterator<Parameters<MessageListener>>;

  /**
   * Whether the send queue has reached `sendHighWaterMark`. 'drain' is emitted
   * when it is empty again.
   */
  readonly writableNeedDrain: boolean;

  /**
   * @param multicastInterface an address; a name or index in an object; or '*':
   *   all interfaces that are up and can receive multicast datagrams now
   */
  addMembership(multicastAddress: string,
                multicastInterface?: string | MembershipInterface): void;

  /** As addMembership(). */
  dropMembership(multicastAddress: string,
                 multicastInterface?: string | MembershipInterface): void;

  /** As addMembership(). */
  addSourceSpecificMembership(
    sourceAddress: string, groupAddress: string,
    multicastInterface?: string | MembershipInterface): void;

  /** As addMembership(). */
  dropSourceSpecificMembership(
    sourceAddress: string, groupAddress: string,
    multicastInterface?: string | MembershipInterface): void;

  addListener(event: 'batch', listener: BatchListener): this;
  addListener(event: 'icmp', listener: IcmpListener): this;
  addListener(event: 'close' | 'connect' | 'drain' | 'listening',
              listener: () => void): this;
  addListener(event: 'error', listener: (error: Error) => void): this;
  addListener(event: 'message', listener: MessageListener): this;
  addListener(event: string | symbol, listener: (...args: any[]) => void): this;

  emit(event: 'batch', batch: Batch): boolean;
  emit(event: 'icmp', error: IcmpError, info: IcmpInfo): boolean;
  emit(event: string | symbol, ...args: any[]): boolean;

  off(event: 'batch', listener: BatchListener): this;
  off(event: 'icmp', listener: IcmpListener): this;
  off(event: string | symbol, listener: (...args: any[]) => void): this;

  on(event: 'batch', listener: BatchListener): this;
  on(event: 'icmp', listener: IcmpListener): this;
  on(event: 'close' | 'connect' | 'drain' | 'listening',
     listener: () => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: 'message', listener: MessageListener): this;
  on(event: string | symbol, listener: (...args: any[]) => void): this;

  once(event: 'batch', listener: BatchListener): this;
  once(event: 'icmp', listener: IcmpListener): this;
  once(event: 'close' | 'connect' | 'drain' | 'listening',
       listener: () => void): this;
  once(event: 'error', listener: (error: Error) => void): this;
  once(event: 'message', listener: MessageListener): this;
  once(event: string | symbol, listener: (...args: any[]) => void): this;

  prependListener(event: 'batch', listener: BatchListener): this;
  prependListener(event: 'icmp', listener: IcmpListener): this;
  prependListener(event: 'close' | 'connect' | 'drain' | 'listening',
                  listener: () => void): this;
  prependListener(event: 'error', listener: (error: Error) => void): this;
  prependListener(event: 'message', listener: MessageListener): this;
  prependListener(event: string | symbol,
                  listener: (...args: any[]) => void): this;

  prependOnceListener(event: 'batch', listener: BatchListener): this;
  prependOnceListener(event: 'icmp', listener: IcmpListener): this;
  prependOnceListener(event: 'close' | 'connect' | 'drain' | 'listening',
                      listener: () => void): this;
  prependOnceListener(event: 'error', listener: (error: Error) => void): this;
  prependOnceListener(event: 'message', listener: MessageListener): this;
  prependOnceListener(event: string | symbol,
                      listener: (...args: any[]) => void): this;

  removeListener(event: 'batch', listener: BatchListener): this;
  removeListener(event: 'icmp', listener: IcmpListener): this;
  removeListener(event: string | symbol,
                 listener: (...args: any[]) => void): this;
}

/** A Unix datagram socket; see `features.unixDgram`. */
export function createSocket(
  type: 'unix_dgram',
  callback?: (...args: UnixSocketEvents['message']) => void,
): UnixSocket;
export function createSocket(
  options: UnixSocketOptions,
  callback?: (...args: UnixSocketEvents['message']) => void,
): UnixSocket;
export function createSocket(
  type: dgram.SocketType | 'udp',
  callback?: MessageListener,
): Socket;
export function createSocket(
  options: TicketOptions | ProcessTicketOptions,
  callback?: MessageListener,
): Socket;
export function createSocket(
  options: SocketOptions | DualStackSocketOptions,
  callback?: MessageListener,
): Socket;
// The last overload is the one that `Parameters<typeof createSocket>` has.
export function createSocket(
  options: SocketOptions,
  callback?: MessageListener,
): Socket;

/**
 * The transport of this process: 'linux' (recvmmsg and sendmmsg), 'uv' (libuv),
 * or 'node': node:dgram itself, by choice or because no addon could be loaded.
 */
export const transport: 'linux' | 'uv' | 'node';

/**
 * Which additions this process has. On the fallback: `lookupCache`, and on Node
 * `pause`.
 */
export const features: Features;

/** The sum of all sockets of this thread, open or closed. */
export function stats(): Stats;

export type { BindOptions, SocketType } from 'node:dgram';

export type {
  UnixAddress, UnixBatch, UnixCredentials, UnixPacketColumns,
  UnixReceiveInfoName, UnixRemoteInfo, UnixSocket, UnixSocketEvents,
  UnixSocketOptions,
} from './unix-dgram';
