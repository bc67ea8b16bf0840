'use strict';

/**
 * The chart: CPU time per datagram of every contestant, on a logarithmic scale,
 * as a dot with a line from the least to the most of its rounds. ECharts draws
 * SVG without a browser.
 */

const echarts = require('echarts');

const WIDTH = 900;
const ROW = 26;
const TOP = 134;
const BOTTOM = 52;
const INK = '#24292f';
const PALE = '#d0d7de';

/** In the order of the legend. Colours apart for the colour-blind, too. */
const SERIES = {
  'node': { color: '#57606a', symbol: 'circle' },
  'native': { color: '#0072b2', symbol: 'circle' },
  'native-shared': { color: '#56b4e9', symbol: 'circle' },
  'native-batch': { color: '#009e73', symbol: 'diamond' },
  'native-many': { color: '#009e73', symbol: 'triangle' },
  'floor': { color: '#000000', symbol: 'rect' },
  'bun': { color: '#cc79a7', symbol: 'circle' },
  'bun-udp': { color: '#d55e00', symbol: 'diamond' },
  'bun-many': { color: '#d55e00', symbol: 'triangle' },
  'deno': { color: '#e69f00', symbol: 'circle' },
};

/** Every second send scenario says nothing new. */
function rowsOf(report) {
  return report.scenarios.filter(({ name, metrics, results }) =>
    metrics[0].name === 'cpu' && results.length > 0 &&
    !/^send-512-|-connected-/.test(name));
}

/** A contestant's points: [median, row, min, max]. */
function pointsOf(rows, contestant) {
  return rows.flatMap(({ results }, row) => {
    const own = results.find((one) => one.contestant === contestant);
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

function seriesOf(rows, contestant, label) {
  const { color, symbol } = SERIES[contestant];
  const data = pointsOf(rows, contestant);
  const common = { name: label, data, itemStyle: { color } };
  return [
    { ...common, type: 'custom', renderItem: drawRange(color), z: 2 },
    { ...common, type: 'scatter', symbol, symbolSize: 10, z: 3 },
  ];
}

function subtitle({ machine, rounds, measuredMillis }) {
  const versions = Object.entries(machine.versions)
    .map(([name, version]) => `${name} ${version}`).join(', ');
  return `user + system time of the measured process; median of ${rounds} ` +
    `round(s) of ${measuredMillis} ms, the line from the least to the most\n` +
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, ` +
    `loopback; ${versions}`;
}

/**
 * @param {object} report see results.js
 * @returns {string} an SVG document
 * @throws {Error} if no scenario in it has a CPU time
 */
function drawChart(report) {
  const rows = rowsOf(report);
  if (rows.length === 0) throw new Error('nothing in it for the chart');
  const labels = new Map(rows.flatMap(({ results }) =>
    results.map(({ contestant, label }) => [contestant, label])));
  const present = Object.keys(SERIES).filter((name) => labels.has(name));
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
      data: present.map((name) => ({
        name: labels.get(name), icon: SERIES[name].symbol,
      })),
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
      name: 'nanoseconds, less is better',
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
      data: rows.map(({ title }) => title),
      axisTick: { show: false },
      axisLabel: { ...text, fontSize: 11, width: 285, overflow: 'truncate' },
      splitLine: { show: true, lineStyle: { color: PALE } },
    },
    series: present.flatMap((name) =>
      seriesOf(rows, name, labels.get(name))),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

module.exports = { drawChart };
