using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace ClipSeg.Numerics;

/// <summary>What this machine computes with: for reports, and for the choice of kernels.</summary>
internal static class Processor
{
    /// <summary>What the processor calls itself.</summary>
    public static string Name { get; } = ReadName();

    /// <summary>The design, such as "Zen 5", where the name does not tell it; "" if unknown.</summary>
    public static string Design { get; } = ReadDesign();

    /// <summary>Whether it has AVX-512's sums of byte products.</summary>
    public static bool HasAvx512Vnni { get; } = HasFeature(0, r => r.Ecx, 11);

    /// <summary>Whether it has AVX-512's sums of bfloat16 products.</summary>
    public static bool HasAvx512BFloat16 { get; } = HasFeature(1, r => r.Eax, 5);

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
        if (!Name.StartsWith("AMD", StringComparison.Ordinal)) return "";
        return (family, model >> 4) switch
        {
            (0x1A, < 5) => "Zen 5",
            (0x19, 1 or 6 or 7 or 10) => "Zen 4",
            (0x19, _) => "Zen 3",
            _ => "",
        };
    }

    private static IEnumerable<string> ReadFeatures()
    {
        if (AdvSimd.IsSupported) yield return "AdvSIMD";
        if (Dp.IsSupported) yield return "dot product";
        if (Avx2.IsSupported) yield return "AVX2";
        if (Fma.IsSupported) yield return "FMA";
        if (Avx512F.IsSupported) yield return "AVX-512";
        if (HasAvx512Vnni) yield return "AVX-512 VNNI";
        if (HasAvx512BFloat16) yield return "AVX-512 BF16";
        if (HasFeature(1, r => r.Eax, 4)) yield return "AVX-VNNI";
    }

    /// <summary>A bit of CPUID's leaf 7, false where the processor has no such leaf.</summary>
    private static bool HasFeature(
        int part, Func<(int Eax, int Ebx, int Ecx, int Edx), int> register, int bit)
        => X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && X86Base.CpuId(7, 0).Eax >= part
            && (register(X86Base.CpuId(7, part)) >> bit & 1) == 1;
}
