'use strict';

/**
 * The options sendBlockList and receiveBlockList, both a net.BlockList (Node
 * 22.13). receive.js and the handle check the sources of datagrams.
 */

const { isIP } = require('../handle/lookup');

/** @returns {boolean} whether `value` can be used as a block list */
function isBlockList(value) {
  const { BlockList } = require('node:net');
  return BlockList.isBlockList?.(value) ?? value instanceof BlockList;
}

/**
 * @param {net.BlockList} [blockList]
 * @param {string} ip a destination
 * @returns {boolean|undefined} true if the list contains `ip`
 */
function isBlocked(blockList, ip) {
  return blockList?.check(ip, `ipv${isIP(ip)}`);
}

module.exports = { isBlockList, isBlocked };
