'use strict';

require('./suite')('c');
