'use strict';

/** What the generators of all kinds of programs have in common. */

const fc = require('fast-check');

const SOCKETS_MAX = 4;

/** An index of a socket, modulo the number of sockets. */
const who = fc.nat(SOCKETS_MAX - 1);

const form = fc.constantFrom('buffer', 'string', 'list', 'slice', 'view');

/** What a listener does with its socket, in the middle of a batch. */
const OWN = ['close', 'close', 'queue', 'pause'];

/** Steps of listeners and callbacks; `own`: others like those of OWN. */
const reactionOf = (action, own = []) => fc.oneof(
  { weight: 5, arbitrary: action },
  { weight: 2, arbitrary: fc.constant({ do: 'throw' }) },
  { weight: 3, arbitrary: fc.record({
    do: fc.constantFrom(...OWN, ...own), who: fc.constant('self'),
  }) });

/** What the nth listener does. */
const reactionsOf = (action, own) => fc.array(
  fc.record({
    at: fc.nat(20), what: fc.array(reactionOf(action, own), { maxLength: 2 }),
  }),
  { maxLength: 2 });

/**
 * Steps of a program: actions, a send whose callback acts, and pauses.
 * @param {fc.Arbitrary} action
 * @param {fc.Arbitrary} send
 */
const stepsOf = (action, send) => fc.array(fc.oneof(
  { weight: 10, arbitrary: action },
  { weight: 3, arbitrary: fc.tuple(
    send, fc.array(reactionOf(action), { minLength: 1, maxLength: 2 }))
    .map(([drawn, then]) => ({ ...drawn, callback: true, then })) },
  { weight: 4, arbitrary: fc.record({
    do: fc.constant('iterations'), count: fc.integer({ min: 1, max: 4 }),
  }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'tick' }, { do: 'sleep' }) }),
{ maxLength: 14, size: 'max' });

// ----------------------------------------------------------------- faults --

/** Calls that a program makes dozens of times. */
const OFTEN = ['send', 'recv', 'epoll_wait'];

/** EPOLLIN, EPOLLOUT, EPOLLERR and all of them; then the socket. */
const wakeUp = fc.tuple(fc.constantFrom(1, 4, 8, 13), who)
  .map(([events, which]) => events | which << 8);

const ARGUMENTS = {
  SHORT: fc.integer({ min: 1, max: 5 }),
  CTRUNC: fc.nat(3),
  TRUNC: fc.nat(40),
  WAKE: wakeUp,
};

function faultsOf(call, effects) {
  return fc.constantFrom(...effects).chain((effect) => fc.record({
    call: fc.constant(call),
    effect: fc.constant(effect),
    at: OFTEN.includes(call) ?
      fc.oneof(fc.nat(3), fc.nat(12), fc.nat(40)) :
      fc.nat(4),
    times: fc.oneof({ weight: 4, arbitrary: fc.constant(1) },
      { weight: 2, arbitrary: fc.integer({ min: 2, max: 5 }) },
      { weight: 1, arbitrary: fc.constant(25) }),
    argument: ARGUMENTS[effect] ?? fc.constant(0),
  }));
}

/**
 * @param {object} results by call, a weight and the effects
 * @returns {fc.Arbitrary<object[]>} up to six faults
 */
const faultsFrom = (results) => fc.array(
  fc.oneof(...Object.entries(results).map(([call, [weight, ...effects]]) =>
    ({ weight, arbitrary: faultsOf(call, effects) }))),
  { maxLength: 6, size: 'max' });

/** The schedule for Kernel#arm(). */
function schedule(faults) {
  return faults.flatMap(({ times, at, ...fault }) =>
    Array.from({ length: times }, (_, i) => ({ ...fault, at: at + i })));
}

module.exports = {
  SOCKETS_MAX, faultsFrom, form, reactionsOf, schedule, stepsOf, who,
};
