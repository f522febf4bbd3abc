using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ClipSeg.Numerics;

/// <content>Reduced precision where no code can be generated: the definition, right before fast.</content>
internal sealed unsafe partial class GemmKernel
{
    private static void MultiplyBFloat16(float* a, nint lda, float* b, nint depth, float* tile, int columns)
    {
        Vector<uint> highHalf = new(0xFFFF0000);
        for (int r = 0; r < Rows; r++)
        {
            uint* row = (uint*)(a + r * lda);
            for (int j = 0; j < columns; j += Vector<float>.Count)
            {
                Vector<float> sum = Vector<float>.Zero;
                for (nint p = 0; p < depth; p++)
                {
                    Vector<uint> pair = Vector.Load((uint*)(b + p * columns + j));
                    float low = BitConverter.UInt32BitsToSingle(row[p] << 16);
                    float high = BitConverter.UInt32BitsToSingle(row[p] & 0xFFFF0000);
                    sum += Vector.AsVectorSingle(pair << 16) * low + Vector.AsVectorSingle(pair & highHalf) * high;
                }
                sum.Store(tile + r * columns + j);
            }
        }
    }

    private static void MultiplyInt8(float* a, nint lda, float* b, nint depth, float* tile, int columns)
    {
        for (int r = 0; r < Rows; r++)
        {
            uint* row = (uint*)(a + r * lda);
            int* sums = (int*)tile + r * columns;
            for (int j = 0; AvxVnni.IsSupported && j < columns; j += Vector256<int>.Count)
            {
                Vector256<int> sum = Vector256<int>.Zero;
                for (nint p = 0; p < depth; p++)
                {
                    sum = AvxVnni.MultiplyWideningAndAdd(
                        sum, Vector256.Create(row[p]).AsByte(), Vector256.Load((sbyte*)(b + p * columns + j)));
                }
                sum.Store(sums + j);
            }
            for (int j = 0; !AvxVnni.IsSupported && j < columns; j += Vector<int>.Count)
            {
                Vector<int> sum = Vector<int>.Zero;
                for (nint p = 0; p < depth; p++)
                {
                    Vector<int> four = Vector.Load((int*)(b + p * columns + j));
                    for (int shift = 0; shift < 32; shift += 8)
                        sum += (four << 24 - shift >> 24) * (int)(row[p] >> shift & 0xFF);
                }
                sum.Store(sums + j);
            }
        }
    }
}
