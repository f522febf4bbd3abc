using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace ClipSeg.Numerics;

/// <summary>What this machine computes with, for reports.</summary>
internal static class Processor
{
    /// <summary>What the processor calls itself.</summary>
    public static string Name { get; } = ReadName();

    /// <summary>The design, such as "Zen 5", where the name does not tell it; "" if unknown.</summary>
    public static string Design { get; } = ReadDesign();

    /// <summary>The instructions that matter to matrix products.</summary>
    public static IReadOnlyList<string> Features { get; } = [.. ReadFeatures()];

    private static string ReadName()
    {
        const int Names = unchecked((int)0x80000002), Last = unchecked((int)0x80000000);
        string otherwise = RuntimeInformation.ProcessArchitecture.ToString();
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(Last, 0).Eax < unchecked((uint)Names + 2)) return otherwise;

        Span<int> letters = stackalloc int[12];
        for (int i = 0; i < 3; i++)
            (letters[4 * i], letters[4 * i + 1], letters[4 * i + 2], letters[4 * i + 3]) = X86Base.CpuId(Names + i, 0);
        string name = Encoding.Latin1.GetString(MemoryMarshal.AsBytes(letters)).Replace('\0', ' ');
        name = string.Join(' ', name.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return name.Length > 0 ? name : otherwise;
    }

    private static string ReadDesign()
    {
        if (!X86Base.IsSupported) return "";
        int id = X86Base.CpuId(1, 0).Eax;
        int family = ((id >> 8) & 15) + ((id >> 20) & 255), model = ((id >> 4) & 15) + ((id >> 12) & 0xF0);
        return family == 0x1A && model < 0x50 && Name.StartsWith("AMD", StringComparison.Ordinal) ? "Zen 5" : "";
    }

    private static IEnumerable<string> ReadFeatures()
    {
        if (AdvSimd.IsSupported) yield return "AdvSIMD";
        if (Dp.IsSupported) yield return "dot product";
        if (Avx2.IsSupported) yield return "AVX2";
        if (Fma.IsSupported) yield return "FMA";
        if (Avx512F.IsSupported) yield return "AVX-512";
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7) yield break;

        (int last, _, int ecx, _) = X86Base.CpuId(7, 0);
        if (Bit(ecx, 11)) yield return "AVX-512 VNNI";
        if (last < 1) yield break;
        int eax = X86Base.CpuId(7, 1).Eax;
        if (Bit(eax, 5)) yield return "AVX-512 BF16";
        if (Bit(eax, 4)) yield return "AVX-VNNI";
    }

    private static bool Bit(int register, int index) => (register >> index & 1) == 1;
}
