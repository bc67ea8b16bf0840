'use strict';

require('./suite')('b');
