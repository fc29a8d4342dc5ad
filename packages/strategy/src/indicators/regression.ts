import { mean } from './statistics.ts'

export interface Line {
  readonly intercept: number
  readonly slope: number
}

/** The line with the least squared distance to the points (ordinary least squares, closed form). */
export const regression = (x: Float64Array, y: Float64Array): Line => {
  const [middleX, middleY] = [mean(x), mean(y)]
  let [products, squares] = [0, 0]
  for (let point = 0; point < x.length; point++) {
    const distance = (x[point] as number) - middleX
    products += distance * ((y[point] as number) - middleY)
    squares += distance * distance
  }
  const slope = products / squares
  return { intercept: middleY - slope * middleX, slope }
}
