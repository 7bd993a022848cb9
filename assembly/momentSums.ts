// Sums of powers of samples about a reference: what running means, variances and their standard errors are made of.

/**
 * Adds to sums[4][columns] the sums over rows of y, y^2, y^3 and y^4, y = x[rows][columns] - reference[columns], rows in order;
 * where the addresses are not 0, writes y and y^2 [rows][columns].
 */
export function moment_sums_f64(x: usize, rows: i32, columns: i32, reference: usize, sums: usize, centred: usize, squares: usize): void {
  const line = <usize>columns << 3;
  for (let row = 0; row < rows; row++) {
    for (let at: usize = 0; at < line; at += 16) {
      const isPair = at + 16 <= line;
      const y = f64x2.sub(isPair ? v128.load(x + at) : v128.load64_zero(x + at), isPair ? v128.load(reference + at) : v128.load64_zero(reference + at));
      const square = f64x2.mul(y, y);
      add(sums + at, y, isPair);
      add(sums + line + at, square, isPair);
      add(sums + 2 * line + at, f64x2.mul(square, y), isPair);
      add(sums + 3 * line + at, f64x2.mul(square, square), isPair);
      if (centred) put(centred + at, y, isPair);
      if (squares) put(squares + at, square, isPair);
    }
    x += line;
    if (centred) centred += line;
    if (squares) squares += line;
  }
}

// @ts-ignore: decorator
@inline
function put(to: usize, values: v128, isPair: bool): void {
  if (isPair) v128.store(to, values);
  else v128.store64_lane(to, values, 0);
}

// @ts-ignore: decorator
@inline
function add(to: usize, values: v128, isPair: bool): void {
  put(to, f64x2.add(isPair ? v128.load(to) : v128.load64_zero(to), values), isPair);
}
