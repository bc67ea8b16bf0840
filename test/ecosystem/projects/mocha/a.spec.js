'use strict';

require('./suite')('a');
