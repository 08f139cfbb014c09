// Reads a lake's table with chDB (ClickHouse with delta-kernel-rs) and compares rows and exact sums at each version.
// Usage: interop_chdb.cjs TABLE_FOLDER EXPECTED_FILE; lines of the file are "version period rows sum".
// Exit code 77: chdb is not installed.
const fs = require('fs');

let chdb;
try {
  chdb = require('chdb');
} catch (error) {
  console.log('skipped: no chdb (' + error.message.split('\n')[0] + ')');
  process.exit(77);
}

const [folder, expectedPath] = process.argv.slice(2);
// chDB reads files below the working folder only.
process.chdir(folder + '/..');
const quoted = "'" + folder.replace(/\\/g, '\\\\').replace(/'/g, "\\'") + "'";
const expected = new Map();
for (const line of fs.readFileSync(expectedPath, 'utf8').trim().split('\n')) {
  const [version, period, rows, sum] = line.split(' ');
  if (!expected.has(version)) expected.set(version, []);
  expected.get(version).push([period, rows, sum].join(' '));
}

let compared = 0;
for (const [version, lines] of expected) {
  const sql = `SELECT x_BillingPeriod, count(), sum(BilledCost)::Decimal(76, 18) FROM deltaLakeLocal(${quoted}) GROUP BY 1 ORDER BY 1 ` +
      `SETTINGS delta_lake_snapshot_version = ${version}, output_format_decimal_trailing_zeros = 1`;
  const found = chdb.query(sql, 'TSV').trim().split('\n').map((line) => line.split('\t').join(' '));
  const same = found.length === lines.length && found.every((line, i) => {
    const [period, rows, sum] = line.split(' ');
    const [wantedPeriod, wantedRows, wantedSum] = lines[i].split(' ');
    return period === wantedPeriod && rows === wantedRows && plain(sum) === plain(wantedSum);
  });
  if (!same) {
    console.log(`differs: version ${version}: ${found.join('; ')} != ${lines.join('; ')}`);
    process.exit(1);
  }
  compared += lines.length;
}
console.log(`${compared} sums compared`);

// "1.500" and "1.5" are one number.
function plain(text) {
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;
}
