'use strict';

/**
 * What evaluate() was given by the file that is being loaded. The two functions
 * are there only as long as this takes: they may be a sandbox's.
 */
module.exports = {
  /** The folder of the entry, dist/ or lib/. */
  directory: undefined,
  /** Loads the module node-gyp-build. */
  nodeGypBuild: undefined,
  /** Has it load the addon, in the words that tools such as nft know. */
  loadElsewhere: undefined,
};
