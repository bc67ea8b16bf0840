'use strict';

/**
 * The values that the entry, lib/index.js, passes to evaluate(): its folder,
 * and calls that only its own `require` can make. The functions are set only
 * while the package is being loaded, because they may belong to a sandbox.
 */
module.exports = {
  /** The folder of the entry: dist/ or lib/; '' in a bundle of ES modules. */
  directory: undefined,
  /** Loads the module node-gyp-build. */
  requireNodeGypBuild: undefined,
  /** Loads the addon through the file that nft and ncc trace. */
  loadTracedAddon: undefined,
  /** Loads fallback/. */
  loadFallback: undefined,
};
