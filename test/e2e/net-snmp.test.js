'use strict';

const assert = require('node:assert');

const { useStage } = require('./support/stage');

const SYS_CONTACT = '1.3.6.1.2.1.1.4.0';
const SYS_NAME = '1.3.6.1.2.1.1.5.0';
const SYSTEM = '1.3.6.1.2.1.1';

/** An unused branch of the experimental tree. */
const OWN = '1.3.6.1.3.64999';
const NEXT = '1.3.6.1.3.65000';

/** Configuration of snmpd(8): open on loopback, one user of version 3. */
const CONFIGURATION = `
rocommunity public 127.0.0.1
sysContact nobody@example.org
sysName e2e.example.org
createUser e2e SHA correct-horse AES correct-horse
rouser e2e authPriv
`;

describe('net-snmp, unmodified, through register', () => {
  const stage = useStage({
    snmpd: 'snmpd', snmpget: 'snmp', snmpset: 'snmp', snmpbulkwalk: 'snmp',
  });

  /** Without the machine's own configuration and state. */
  const quiet = () => ({
    env: {
      MIBS: '',
      SNMPCONFPATH: stage.directory,
      SNMP_PERSISTENT_DIR: stage.directory,
    },
  });

  function snmpd() {
    return stage.server('snmpd', (port) => [
      '-f', '-Lo', '-C', '-c', stage.file('snmpd.conf', CONFIGURATION),
      '-p', `${stage.directory}/pid`, `udp:127.0.0.1:${port}`,
    ], quiet());
  }

  async function agent(names) {
    const running = await stage.program('snmp');
    await running.call('agent', names);
    const port = await stage.portOf(running);
    const tool = async (command, ...args) => {
      const { stdout } = await stage.run(command, [
        '-v2c', '-c', 'public', '-t', '5', '-r', '3', '-OnqvU',
        `udp:127.0.0.1:${port}`, ...args,
      ], quiet());
      return stdout.trim().split('\n');
    };
    return { running, tool };
  }

  for (const version of ['1', '2c']) {
    it(`reads from snmpd, version ${version}`, async () => {
      const server = await snmpd();
      const manager = await stage.program('snmp');
      assert.deepStrictEqual(
        await manager.call('get', server.port, version,
          [SYS_CONTACT, SYS_NAME]),
        [{ oid: SYS_CONTACT, value: 'nobody@example.org' },
         { oid: SYS_NAME, value: 'e2e.example.org' }]);
      await manager.end();
    });
  }

  it('reads from snmpd, version 3, encrypted', async () => {
    const server = await snmpd();
    const manager = await stage.program('snmp');
    assert.deepStrictEqual(
      await manager.call('getV3', server.port, 'e2e', 'correct-horse',
        [SYS_NAME]),
      [{ oid: SYS_NAME, value: 'e2e.example.org' }]);
    const { sent } = await manager.end();
    assert.ok(sent >= 2, `${sent} sent; the engine is discovered first`);
  });

  it('walks a tree of snmpd in bulk', async () => {
    const server = await snmpd();
    const manager = await stage.program('snmp');
    const found = await manager.call('walk', server.port, SYSTEM);
    assert.ok(found.length >= 8, `${found.length} found`);
    assert.ok(found.every(({ oid }) => oid.startsWith(`${SYSTEM}.`)));
    assert.strictEqual(found.find(({ oid }) => oid === SYS_NAME).value,
      'e2e.example.org');
    await manager.end();
  });

  it('is an agent for snmpget, snmpset and snmpbulkwalk', async () => {
    const oids = Array.from({ length: 30 }, (_, i) => `${OWN}.${i + 1}`);
    const { running, tool } = await agent({
      ...Object.fromEntries(oids.map((oid, i) => [oid, `value ${i + 1}`])),
      [NEXT]: 'the end of the walk',
    });

    assert.deepStrictEqual(await tool('snmpget', `${OWN}.7.0`), ['"value 7"']);
    await tool('snmpset', `${OWN}.7.0`, 's', 'changed');
    assert.deepStrictEqual(await tool('snmpget', `${OWN}.7.0`), ['"changed"']);
    assert.deepStrictEqual(await tool('snmpbulkwalk', OWN),
      oids.map((_, i) => i === 6 ? '"changed"' : `"value ${i + 1}"`));
    const { sent, received } = await running.end();
    assert.strictEqual(sent, received);
  });
});
