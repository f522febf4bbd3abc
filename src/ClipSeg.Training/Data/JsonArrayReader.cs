using System.Text.Json;

namespace ClipSeg.Training.Data;

/// <summary>
/// Reads a JSON file that is one long array of objects, an object at a time; memory holds one object.
/// </summary>
internal sealed class JsonArrayReader : IDisposable
{
    private const int FirstBuffer = 1 << 16;
    private const int MaxItemBytes = 1 << 26;
    private const int MaxDepth = 16;

    private readonly FileStream _file;
    private readonly string _path;
    private byte[] _buffer = new byte[FirstBuffer];
    private int _start, _end;                   // of what is read and not yet used
    private long _bufferOffset;                 // of the buffer's first byte in the file
    private bool _atEnd, _opened;

    public JsonArrayReader(string path)
    {
        _path = path;
        _file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
    }

    /// <summary>Where the object begins in the file.</summary>
    public long Offset { get; private set; }

    /// <summary>The object's text; valid until the next <see cref="Read"/>.</summary>
    public ReadOnlyMemory<byte> Item { get; private set; }

    /// <summary>Goes to the next object; false after the last.</summary>
    /// <exception cref="DataFormatException">The file is not one array of objects.</exception>
    public bool Read()
    {
        byte next = NextByte();
        if (!_opened)
        {
            if (next != '[') throw Error("expected '[', the start of an array");
            (_start, _opened) = (_start + 1, true);
            next = NextByte();
        }
        else if (next == ',')
        {
            _start++;
            if ((next = NextByte()) == ']') throw Error("expected an object after ','");
        }
        else if (next != ']')
        {
            throw Error("expected ',' or ']' after an object");
        }
        if (next == ']')
        {
            _start++;
            if (HasNextByte()) throw Error("expected nothing after the array");
            return false;
        }
        if (next != '{') throw Error("expected '{', the start of an object");

        int length = ItemLength();
        (Offset, Item) = (_bufferOffset + _start, _buffer.AsMemory(_start, length));
        _start += length;
        return true;
    }

    public void Dispose() => _file.Dispose();

    private int ItemLength()
    {
        while (true)
        {
            Utf8JsonReader reader = new(_buffer.AsSpan(_start, _end - _start), _atEnd,
                new JsonReaderState(new() { MaxDepth = MaxDepth }));
            try
            {
                if (reader.Read() && reader.TrySkip()) return (int)reader.BytesConsumed;
            }
            catch (JsonException e)
            {
                long at = _bufferOffset + _start + reader.BytesConsumed;
                throw new DataFormatException($"{_path}, byte {at}: {e.Message}", e);
            }
            if (_end - _start >= MaxItemBytes) throw Error($"an object of more than {MaxItemBytes:N0} bytes");
            Fill();
        }
    }

    private byte NextByte() => HasNextByte() ? _buffer[_start] : throw Error("the file ends within the array");

    // Skips white space, and a byte order mark at the start.
    private bool HasNextByte()
    {
        while (true)
        {
            for (; _start < _end; _start++)
            {
                bool mark = !_opened && _bufferOffset + _start < 3 && _buffer[_start] is 0xEF or 0xBB or 0xBF;
                if (!mark && _buffer[_start] is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')) return true;
            }
            if (_atEnd) return false;
            Fill();
        }
    }

    // Moves the rest to the front, grows if it fills the buffer, and reads on.
    private void Fill()
    {
        byte[] target = _end - _start > _buffer.Length / 2 ? new byte[_buffer.Length * 2] : _buffer;
        _buffer.AsSpan(_start, _end - _start).CopyTo(target);
        (_bufferOffset, _end, _start, _buffer) = (_bufferOffset + _start, _end - _start, 0, target);
        int read = _file.Read(_buffer.AsSpan(_end));
        _atEnd = read == 0;
        _end += read;
    }

    private DataFormatException Error(string what) => new($"{_path}, byte {_bufferOffset + _start}: {what}.");
}
