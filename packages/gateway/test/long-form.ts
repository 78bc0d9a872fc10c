/** Everything, in place of what one push needs: `SALLYPORT_LONG=1 npm test`. */
export const isLong: boolean = process.env.SALLYPORT_LONG === '1'

/** Why a test is left out of the short form. */
export const onDemand = 'long form only: SALLYPORT_LONG=1'
