using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace ClipSeg.Tests;

/// <summary>What users of the library can see, as a text that is reviewed when it changes.</summary>
public sealed class PublicApiTests
{
    private const string Approve = "CLIPSEG_APPROVE_API";
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance
        | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> _keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(char)] = "char",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
    };

    public static TheoryData<string> Packages => ["ClipSeg", "ClipSeg.Onnx", "ClipSeg.Training"];

    [Theory]
    [MemberData(nameof(Packages))]
    public void The_public_api_is_the_approved_one(string package)
    {
        string path = Path.Combine(Fixtures.Root, "tests", "ClipSeg.Tests", "Api", $"{package}.approved.txt");
        string actual = Describe(Assembly.Load(package));
        if (Environment.GetEnvironmentVariable(Approve) == "1") File.WriteAllText(path, actual);

        string[] approved = File.ReadAllLines(path), found = actual.TrimEnd('\n').Split('\n');
        string[] gone = [.. approved.Except(found).Select(line => $"- {line}")];
        string[] added = [.. found.Except(approved).Select(line => $"+ {line}")];
        Assert.True(
            gone.Length + added.Length == 0, "The public API has changed:\n" + string.Join('\n', [.. gone, .. added])
            + $"\nIf that is meant, run this test with {Approve}=1 and have Api/{package}.approved.txt reviewed.");
    }

    private static string Describe(Assembly assembly)
    {
        StringBuilder text = new();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(Name, StringComparer.Ordinal))
        {
            text.Append($"{Kind(type)} {type.Namespace}.{Name(type)}\n");
            if (typeof(Delegate).IsAssignableFrom(type))
            {
                text.Append($"    {Method(type.GetMethod("Invoke")!)}\n");
                continue;
            }
            IEnumerable<string> members =
                type.GetMembers(Declared).Where(IsVisible).Select(m => Member(m, type.IsEnum));
            foreach (string member in members.Order(StringComparer.Ordinal))
                text.Append($"    {type.Name}: {member}\n");
        }
        return text.ToString();
    }

    /// <summary>Whether somebody wrote the member, for others to use.</summary>
    private static bool IsVisible(MemberInfo member)
        => !member.IsDefined(typeof(CompilerGeneratedAttribute)) && member switch
        {
            FieldInfo field => (field.IsPublic || field.IsFamily) && !field.IsSpecialName,
            PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsVisibleMethod),
            MethodInfo method => IsVisibleMethod(method) && (!method.IsSpecialName || method.Name.StartsWith("op_")),
            ConstructorInfo constructor => constructor.IsPublic || constructor.IsFamily,
            _ => false,
        };

    private static bool IsVisibleMethod(MethodInfo method) => method.IsPublic || method.IsFamily;

    private static string Member(MemberInfo member, bool inEnum) => member switch
    {
        FieldInfo field when inEnum => field.Name,
        FieldInfo field
        => $"{(field.IsLiteral ? "const " : Static(field.IsStatic))}{Name(field.FieldType)} {field.Name}",
        PropertyInfo property => Property(property),
        ConstructorInfo constructor => $"new({Parameters(constructor)})",
        MethodInfo method => Method(method),
        _ => throw new NotSupportedException(member.ToString()),
    };

    private static string Property(PropertyInfo property)
    {
        MethodInfo? set = property.SetMethod is { } setter && IsVisibleMethod(setter) ? setter : null;
        bool isInit = set?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;
        string required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        ParameterInfo[] indices = property.GetIndexParameters();
        string name = indices.Length == 0 ? property.Name : $"this[{string.Join(", ", indices.Select(Parameter))}]";
        return $"{Static((property.GetMethod ?? set)!.IsStatic)}{required}{Name(property.PropertyType)} {name} "
            + $"{{ get;{(set is null ? "" : isInit ? " init;" : " set;")} }}";
    }

    private static string Method(MethodInfo method)
        => $"{Static(method.IsStatic)}{Name(method.ReturnType)} {method.Name}({Parameters(method)})";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        Type type = parameter.ParameterType;
        string how = parameter.IsOut ? "out " : parameter.IsIn ? "in " : type.IsByRef ? "ref " : "";
        return $"{how}{Name(type.IsByRef ? type.GetElementType()! : type)} {parameter.Name}"
            + (parameter.HasDefaultValue ? " = ..." : "");
    }

    private static string Static(bool isStatic) => isStatic ? "static " : "";

    private static string Kind(Type type) => type switch
    {
        { IsEnum: true } => "enum",
        { IsInterface: true } => "interface",
        { IsValueType: true } => "struct",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        _ => typeof(Delegate).IsAssignableFrom(type) ? "delegate" : type.IsSealed ? "sealed class" : "class",
    };

    private static string Name(Type type)
    {
        if (_keywords.TryGetValue(type, out string? keyword)) return keyword;
        if (type.IsGenericParameter) return type.Name;
        if (type.IsArray) return $"{Name(type.GetElementType()!)}[]";
        if (Nullable.GetUnderlyingType(type) is { } inner) return $"{Name(inner)}?";
        string outer = type.IsNested ? $"{Name(type.DeclaringType!)}." : "";
        if (!type.IsGenericType) return outer + type.Name;
        string arguments = string.Join(", ", type.GetGenericArguments().Select(Name));
        return $"{outer}{type.Name.Split('`')[0]}<{arguments}>";
    }
}
