using System.Management.Automation;
using VhostUser.Commands;
using Xunit;

namespace VhostUser.Tests.Commands;

public class ErrorRecordTests
{
    public static TheoryData<VhostError> All => [.. Enum.GetValues<VhostError>()];

    [Theory]
    [MemberData(nameof(All))]
    public void Every_error_has_its_own_id_and_a_category(VhostError error)
    {
        var record = ErrorRecords.Create(new VhostException(error, "what came", "target", "what to do"));
        Assert.Equal(error.ToString(), record.FullyQualifiedErrorId);
        Assert.NotEqual(ErrorCategory.NotSpecified, record.CategoryInfo.Category);
        Assert.Equal(("target", "what to do", "what came"), ((string)record.TargetObject, record.ErrorDetails.RecommendedAction, record.ErrorDetails.Message));
    }

    [Theory]
    [InlineData(VhostError.PeerTimeout, ErrorCategory.OperationTimeout)]
    [InlineData(VhostError.MessageSizeInvalid, ErrorCategory.ProtocolError)]
    [InlineData(VhostError.DescriptorLoop, ErrorCategory.InvalidData)]
    [InlineData(VhostError.PermissionDenied, ErrorCategory.PermissionDenied)]
    [InlineData(VhostError.RegionInUse, ErrorCategory.ResourceBusy)]
    public void The_category_groups_it_with_errors_of_other_modules(VhostError error, ErrorCategory category) =>
        Assert.Equal(category, ErrorRecords.CategoryOf(error));

    [Fact]
    public void A_defect_is_no_error_record() => Assert.Null(ErrorRecords.TryCreate(new InvalidCastException()));

    [Fact]
    public void A_closed_handle_is_told_as_such() =>
        Assert.Equal(nameof(VhostError.HandleClosed), ErrorRecords.TryCreate(new ObjectDisposedException("SharedRegion"))!.FullyQualifiedErrorId);
}
