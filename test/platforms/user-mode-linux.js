'use strict';

/**
 * User-Mode Linux: a kernel that runs as an ordinary process. Its root is the
 * host's, read-only; programs write to memory, and to one folder of the host.
 */

const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');

const { unpackDebian } = require('../support/debian');
const { root, run } = require('./support');

const MEMORY = '3072M';

/**
 * Where programs write: memory, mounted over a folder that every host has and
 * in which no repository is. A checkout may be below /tmp.
 */
const SCRATCH = '/run';

/** The folder of the host that programs write to, as they see it. */
const INSIDE = `${SCRATCH}/out`;

/** Debian releases whose kernels need a newer C library than this system's. */
const OWN_LIBC = new Set(['trixie', 'sid']);

const LIBC = path.join('usr', 'lib', 'x86_64-linux-gnu');

/** power off: the numbers of reboot(2) on x64 */
const POWER_OFF = 'perl -e "syscall(169,0xfee1dead,672274793,0x4321fedc,0)"';

/** @returns {string} the kernel's binary, able to run on this system */
function prepareBinary(files, suite, cache) {
  const original = path.join(files, 'usr', 'bin', 'linux.uml');
  if (!OWN_LIBC.has(suite)) return original;
  const binary = path.join(cache, 'linux.uml');
  const libc = path.join(unpackDebian('libc6', suite, cache), LIBC);
  fs.copyFileSync(original, binary);
  execFileSync('patchelf', [
    '--set-interpreter', path.join(libc, 'ld-linux-x86-64.so.2'),
    '--set-rpath', libc, binary,
  ]);
  return binary;
}

/** @returns {string} the folder that `modprobe --dirname` expects */
function prepareModules(files, cache) {
  const directory = path.join(files, 'usr', 'lib', 'uml', 'modules');
  const base = path.join(cache, 'modules');
  if (fs.existsSync(base)) return base;
  fs.cpSync(directory, path.join(base, 'lib', 'modules'), { recursive: true });
  for (const release of fs.readdirSync(directory)) {
    execFileSync('depmod', ['--basedir', base, release], {
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    });
  }
  return base;
}

/**
 * @param {string} suite Debian release
 * @param {string} cache
 * @returns {{ binary: string, modules: string }}
 */
function prepareKernel(suite, cache) {
  const files = unpackDebian('user-mode-linux', suite, cache);
  return {
    binary: prepareBinary(files, suite, cache),
    modules: prepareModules(files, cache),
  };
}

const quoted = (text) => `'${String(text).replaceAll("'", String.raw`'\''`)}'`;

/** Commands that replace a folder by a copy in memory. */
function shadow(folder, index) {
  const copy = `${SCRATCH}/copy-${index}`;
  return `cp -a ${quoted(folder)} ${copy}
mount -t tmpfs tmpfs ${quoted(folder)}
cp -a ${copy}/. ${quoted(folder)}`;
}

/**
 * The first process. A default route exists, over a dummy interface: without
 * one the kernel cannot choose an interface for multicast.
 */
function initScript({
  modules, out, command, env, writable, rmemMax, ipv6,
}) {
  const exports = Object.entries(env)
    .map(([name, value]) => `export ${name}=${quoted(value)}`);
  return `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs ${SCRATCH} -o size=1g
mkdir -p /dev/shm && mount -t tmpfs tmpfs /dev/shm
mkdir ${INSIDE} ${SCRATCH}/tmp
mount -t hostfs -o ${quoted(out)} none ${INSIDE}
exec >${INSIDE}/output 2>&1
uname -r >${INSIDE}/release
for module in ${[...ipv6 ? ['ipv6'] : [], 'dummy'].join(' ')}; do
  modprobe --quiet --dirname ${quoted(modules)} "$module"
done
${writable.map(shadow).join('\n')}
ip link set lo up
[ -e /sys/class/net/dummy0 ] || ip link add dummy0 type dummy
ip address add 10.213.0.1/24 dev dummy0
ip link set dummy0 up
ip route add default via 10.213.0.2
${rmemMax ? `sysctl -qw net.core.rmem_max=${rmemMax}` : ''}
cd ${quoted(root)}
${exports.join('\n')}
export HOME=${SCRATCH}/tmp TMPDIR=${SCRATCH}/tmp
${command.map(quoted).join(' ')}
echo $? >${INSIDE}/code
${POWER_OFF}
`;
}

/**
 * Boots the kernel, runs a command in it, and powers it off.
 *
 * @param {{ binary: string, modules: string }} kernel
 * @param {string[]} command
 * @param {object} options
 * @param {string} options.out folder for the command's files, which it sees as
 *   INSIDE; its output is stored there too
 * @param {object} options.env in addition
 * @param {number} options.timeout in milliseconds
 * @param {string[]} [options.writable] folders of the host of which the command
 *   sees copies that it may change
 * @param {number} [options.rmemMax] limit of receive buffers, in bytes
 * @param {boolean} [options.ipv6] false if the kernel must not have it; only
 *   where it is a module
 * @returns {Promise<object>} as of run()
 */
async function runInKernel(kernel, command, {
  out, env, timeout, writable = [], rmemMax = 4194304, ipv6 = true,
}) {
  fs.rmSync(out, { recursive: true, force: true });
  for (const folder of [out, ...writable]) {
    fs.mkdirSync(folder, { recursive: true });
  }
  const init = path.join(out, 'init.sh');
  const variables = {
    PATH: `${path.dirname(process.execPath)}:${process.env.PATH}:/usr/sbin`,
    CI: process.env.CI ?? '',
    ...env,
  };
  fs.writeFileSync(init, initScript({
    modules: kernel.modules, out, command, env: variables, writable, rmemMax,
    ipv6,
  }), { mode: 0o755 });
  const booted = await run(kernel.binary, [
    `mem=${MEMORY}`, 'root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro',
    'con=null', 'con0=fd:0,fd:1', 'ssl=null', `init=${init}`, 'quiet',
  ], {
    timeout,
    // Its memory is a file there.
    env: { ...process.env, TMPDIR: '/dev/shm' },
  });
  return concludeBoot(out, booted);
}

/** The command's exit code and output, not the kernel's. */
function concludeBoot(out, { timedOut, seconds, output: console }) {
  const read = (name) => {
    const file = path.join(out, name);
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  };
  const code = read('code').trim();
  return {
    code: code === '' ? null : Number(code),
    signal: code === '' ? 'the kernel' : null,
    timedOut,
    seconds,
    release: read('release').trim(),
    output: `${console}${read('output')}`,
  };
}

module.exports = { INSIDE, prepareKernel, runInKernel };
