'use strict';

/**
 * The chart: CPU time per datagram of each implementation on a logarithmic
 * scale. A dot is the median, its line the range of the rounds. ECharts draws
 * the SVG without a browser.
 */

const echarts = require('echarts');

const WIDTH = 900;
const ROW = 26;
const TOP = 134;
const BOTTOM = 52;
const INK = '#24292f';
const PALE = '#d0d7de';

/** In legend order, in colours that colour-blind readers can distinguish. */
const SERIES = {
  'node:dgram': { color: '#57606a', symbol: 'circle' },
  'dgram-native': { color: '#0072b2', symbol: 'circle' },
  'dgram-native sharedBuffers': { color: '#56b4e9', symbol: 'circle' },
  'dgram-native batch': { color: '#009e73', symbol: 'diamond' },
  'dgram-native sendMany': { color: '#009e73', symbol: 'triangle' },
  'C baseline': { color: '#000000', symbol: 'rect' },
  'Bun node:dgram': { color: '#cc79a7', symbol: 'circle' },
  'Bun.udpSocket': { color: '#d55e00', symbol: 'diamond' },
  'Bun.udpSocket sendMany': { color: '#d55e00', symbol: 'triangle' },
  'Deno node:dgram': { color: '#e69f00', symbol: 'circle' },
};

/** The points of one implementation: [median, row, min, max]. */
function pointsOf(rows, implementation) {
  return rows.flatMap(({ results }, row) => {
    const own = results.find((one) => one.implementation === implementation);
    if (!own) return [];
    const { median, min, max } = own.figures.cpu;
    return [[median, row, min, max]];
  });
}

function drawRange(color) {
  return (params, api) => {
    const [from, to] = [2, 3].map((at) =>
      api.coord([api.value(at), api.value(1)]));
    return {
      type: 'line',
      shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] },
      style: { stroke: color, lineWidth: 2, opacity: 0.5 },
    };
  };
}

function seriesOf(rows, implementation) {
  const { color, symbol } = SERIES[implementation];
  const data = pointsOf(rows, implementation);
  const common = { name: implementation, data, itemStyle: { color } };
  return [
    { ...common, type: 'custom', renderItem: drawRange(color), z: 2 },
    { ...common, type: 'scatter', symbol, symbolSize: 10, z: 3 },
  ];
}

function subtitle({ machine, rounds, measuredMillis }) {
  const versions = Object.entries(machine.versions)
    .map(([name, version]) => `${name} ${version}`).join(', ');
  return 'user and system time of the measured process; dot: median of ' +
    `${rounds} round(s) of ${measuredMillis} ms, line: range of the rounds\n` +
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, ` +
    `loopback; ${versions}`;
}

/**
 * @param {object} report see results.js
 * @returns {string} an SVG document
 * @throws {Error} if the report has no scenario of the chart
 */
function drawChart(report) {
  const rows = report.scenarios.filter(({ inChart, results }) =>
    inChart && results.length > 0);
  if (rows.length === 0) throw new Error('no scenario of the chart was run');
  const present = Object.keys(SERIES).filter((name) => rows.some(
    ({ results }) => results.some((one) => one.implementation === name)));
  const text = { color: INK, fontFamily: 'sans-serif' };
  const chart = echarts.init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: WIDTH,
    height: TOP + rows.length * ROW + BOTTOM,
  });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: text,
    title: {
      text: 'CPU time per datagram',
      subtext: subtitle(report),
      left: 16,
      top: 10,
      textStyle: { ...text, fontSize: 17 },
      subtextStyle: { color: '#57606a', fontSize: 11, lineHeight: 15 },
    },
    legend: {
      data: present.map((name) => ({ name, icon: SERIES[name].symbol })),
      left: 16,
      top: 78,
      width: WIDTH - 32,
      itemHeight: 9,
      itemWidth: 9,
      itemGap: 16,
      textStyle: { ...text, fontSize: 11 },
    },
    grid: { left: 300, right: 30, top: TOP, bottom: BOTTOM },
    xAxis: {
      type: 'log',
      name: 'nanoseconds per datagram, less is better',
      nameLocation: 'middle',
      nameGap: 30,
      min: 10,
      axisLabel: {
        formatter: (value) => value.toLocaleString('en-US'), ...text,
      },
      splitLine: { lineStyle: { color: PALE } },
      minorSplitLine: { show: true, lineStyle: { color: '#f0f2f4' } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map(({ name }) => name),
      axisTick: { show: false },
      axisLabel: { ...text, fontSize: 11, width: 285, overflow: 'truncate' },
      splitLine: { show: true, lineStyle: { color: PALE } },
    },
    series: present.flatMap((name) => seriesOf(rows, name)),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

module.exports = { drawChart };
