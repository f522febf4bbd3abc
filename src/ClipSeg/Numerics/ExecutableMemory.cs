using System.Runtime.InteropServices;

namespace ClipSeg.Numerics;

/// <summary>
/// Machine code made at run time: written to pages that are then made executable, and never both at once.
/// </summary>
internal static partial class ExecutableMemory
{
    private const int Read = 1, Write = 2, Execute = 4;                     // mmap's
    private const int Private = 2, AnonymousLinux = 0x20, AnonymousMac = 0x1000;
    private const uint Commit = 0x3000, ReadWrite = 0x04, ExecuteRead = 0x20;       // VirtualAlloc's

    /// <summary>
    /// The address of a copy of <paramref name="code"/>, for the life of the process; 0 if the system does not allow
    /// it.
    /// </summary>
    public static unsafe nint Load(ReadOnlySpan<byte> code)
    {
        nuint size = (nuint)code.Length;
        if (OperatingSystem.IsWindows())
        {
            nint pages = VirtualAlloc(0, size, Commit, ReadWrite);
            if (pages == 0) return 0;
            code.CopyTo(new Span<byte>((void*)pages, code.Length));
            return VirtualProtect(pages, size, ExecuteRead, out _) ? pages : 0;
        }
        int anonymous = OperatingSystem.IsLinux() ? AnonymousLinux : AnonymousMac;
        nint mapped = Map(0, size, Read | Write, Private | anonymous, -1, 0);
        if (mapped == -1) return 0;
        code.CopyTo(new Span<byte>((void*)mapped, code.Length));
        return Protect(mapped, size, Read | Execute) == 0 ? mapped : 0;
    }

    [LibraryImport("kernel32")]
    private static partial nint VirtualAlloc(nint address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualProtect(nint address, nuint size, uint protection, out uint before);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint size, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint size, int protection);
}
