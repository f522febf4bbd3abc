namespace ClipSeg.Imaging;

/// <summary>
/// Brings a component to the picture's width, row by row. Where it is sampled at half the rate, by a triangle filter
/// (3/4 nearer, 1/4 farther sample) with the Independent JPEG Group's roundings; otherwise by repetition.
/// </summary>
/// <param name="component">Decoded.</param>
/// <param name="maxH">The largest horizontal sampling factor of the frame.</param>
/// <param name="maxV">The largest vertical sampling factor of the frame.</param>
/// <param name="width">The picture's width.</param>
internal sealed class JpegUpsampler(JpegComponent component, int maxH, int maxV, int width)
{
    // The reference software repeats samples where a row has only one or two of them.
    private readonly bool _doubleWidth = component.H * 2 == maxH && component.Width > 2;
    private readonly bool _doubleHeight = component.V * 2 == maxV;
    private readonly bool _sameWidth = component.H == maxH, _sameHeight = component.V == maxV;
    private readonly byte[] _row = new byte[Math.Max(width, component.Width * 2)];
    private readonly int[] _sums = new int[component.Width];

    /// <summary>Row y of the picture; valid until the next call.</summary>
    public ReadOnlySpan<byte> Row(int y)
    {
        ReadOnlySpan<byte> near = component.Row(y * component.V / maxV);
        if (_sameWidth && _sameHeight) return near;

        if (_doubleHeight && (_sameWidth || _doubleWidth))
        {
            int neighbour = Math.Clamp(y / 2 + (y & 1) * 2 - 1, 0, component.Height - 1);
            ReadOnlySpan<byte> far = component.Row(neighbour);
            if (_doubleWidth) DoubleBoth(near, far);
            else DoubleHeight(near, far, rounding: 1 + (y & 1));
        }
        else if (_doubleWidth && _sameHeight) DoubleWidth(near);
        else
        {
            for (int x = 0; x < width; x++) _row[x] = near[x * component.H / maxH];
        }
        return _row;
    }

    private void DoubleWidth(ReadOnlySpan<byte> near)
    {
        int last = near.Length - 1;
        for (int x = 0; x <= last; x++)
        {
            int three = near[x] * 3;
            _row[2 * x] = x == 0 ? near[0] : (byte)((three + near[x - 1] + 1) >> 2);
            _row[2 * x + 1] = x == last ? near[last] : (byte)((three + near[x + 1] + 2) >> 2);
        }
    }

    private void DoubleHeight(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far, int rounding)
    {
        for (int x = 0; x < near.Length; x++) _row[x] = (byte)((near[x] * 3 + far[x] + rounding) >> 2);
    }

    private void DoubleBoth(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far)
    {
        Span<int> sums = _sums;
        for (int x = 0; x < sums.Length; x++) sums[x] = near[x] * 3 + far[x];

        int last = sums.Length - 1;
        Span<byte> row = _row;
        row[0] = (byte)((sums[0] * 4 + 8) >> 4);
        row[2 * last + 1] = (byte)((sums[last] * 4 + 7) >> 4);
        for (int x = 0; x < last; x++)
        {
            int left = sums[x], right = sums[x + 1];
            row[2 * x + 1] = (byte)((left * 3 + right + 7) >> 4);
            row[2 * x + 2] = (byte)((right * 3 + left + 8) >> 4);
        }
    }
}
