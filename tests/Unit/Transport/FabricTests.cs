using VhostUser.Interop.Fabric;
using VhostUser.Tests.Interop;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Transport;

/// <summary>The binding of libfabric: layouts, loading, and what loading must leave alone.</summary>
public class FabricTests
{
    [CCompilerFact("rdma/fabric.h")]
    public void Every_struct_and_constant_is_that_of_the_headers()
    {
        var c = new CAssertions("stddef.h", "sys/uio.h", "rdma/fabric.h", "rdma/fi_domain.h", "rdma/fi_endpoint.h", "rdma/fi_cm.h", "rdma/fi_eq.h", "rdma/fi_rma.h", "rdma/fi_errno.h");
        c.SameConstants(typeof(Fabric), except: ["FI_VERSION_1_17"]).That("FI_VERSION(1, 17) == 0x10011");
        int constants = c.Count;
        Assert.InRange(constants, 30, 100);
        // Only the front of what grows, or of what goes on with fields that are not used here: offsets, and that nothing is larger than its original.
        c.SameFront<fi_info>("struct fi_info").SameFront<fi_tx_attr>("struct fi_tx_attr").SameFront<fi_rx_attr>("struct fi_rx_attr").SameFront<fi_ep_attr>("struct fi_ep_attr")
            .SameFront<fi_domain_attr>("struct fi_domain_attr").SameFront<fi_fabric_attr>("struct fi_fabric_attr")
            .SameFront<fid>("struct fid").SameFront<fi_ops>("struct fi_ops").SameFront<fid_fabric>("struct fid_fabric").SameFront<fi_ops_fabric>("struct fi_ops_fabric")
            .SameFront<fid_domain>("struct fid_domain").SameFront<fi_ops_domain>("struct fi_ops_domain").SameFront<fi_ops_mr>("struct fi_ops_mr").SameFront<fid_mr>("struct fid_mr")
            .SameFront<fi_ops_cm>("struct fi_ops_cm").SameFront<fi_ops_msg>("struct fi_ops_msg").SameFront<fid_cq>("struct fid_cq").SameFront<fi_ops_cq>("struct fi_ops_cq")
            .SameFront<fid_eq>("struct fid_eq").SameFront<fi_ops_eq>("struct fi_ops_eq").SameFront<fid_av>("struct fid_av").SameFront<fi_ops_av>("struct fi_ops_av")
            .SameFront<fid_ep>("struct fid_ep").SameFront<fi_msg>("struct fi_msg").SameFront<fi_cq_data_entry>("struct fi_cq_data_entry").SameFront<fi_cq_attr>("struct fi_cq_attr")
            .SameFront<fi_eq_attr>("struct fi_eq_attr")
            .SameFront<fid_nic>("struct fid_nic").SameFront<fi_device_attr>("struct fi_device_attr").SameFront<fi_link_attr>("struct fi_link_attr");
        // What the library writes has room to spare, and what it reads is whole.
        c.SameOffsets<fi_cq_err_entry>("struct fi_cq_err_entry").That("sizeof(struct fi_cq_err_entry) <= 128");
        c.SameOffsets<fi_eq_err_entry>("struct fi_eq_err_entry").That("sizeof(struct fi_eq_err_entry) <= 128");
        c.SameOffsets<fi_eq_cm_entry>("struct fi_eq_cm_entry").SameOffsets<fi_av_attr>("struct fi_av_attr").That("sizeof(struct fi_av_attr) <= 48");
        c.That("sizeof(struct fi_cq_attr) == 40").That("sizeof(struct fi_eq_attr) == 32").That("sizeof(struct fi_msg) == 48").That("sizeof(struct fi_context2) <= 64").That("sizeof(struct fi_cq_data_entry) == 40");
        // A passive endpoint's connection operations stand where an endpoint's do.
        c.That("__builtin_offsetof(struct fid_pep, cm) == __builtin_offsetof(struct fid_ep, cm)");
        c.Check();
    }

    [Fact]
    public void A_missing_library_is_told_with_its_package()
    {
        var error = Assert.Throws<VhostException>(() => Fabric.Probe("libfabric-that-nobody-has.so.1"));
        Assert.Equal(VhostError.FabricUnavailable, error.Error);
        Assert.Contains("apt-get install libfabric1", error.RecommendedAction);
    }

    [Fact]
    public void Another_library_of_that_name_is_told_too()
    {
        var error = Assert.Throws<VhostException>(() => Fabric.Probe("libc.so.6"));
        Assert.Equal(VhostError.FabricUnavailable, error.Error);
        Assert.Contains("expected libfabric", error.Message);
    }

    [FabricFact]
    public void Loading_and_using_it_leaves_null_references_and_Ctrl_C_to_the_runtime()
    {
        // In a process of its own: another test may have loaded it here, and the outcome of a failure is the end of the process.
        using PeerProcess process = PeerProcess.Start("fabric-signals");
        Assert.Equal("survived a null reference", process.Say());
        Assert.Equal("waiting", process.Say());
        process.Interrupt();
        Assert.Equal("Ctrl+C was handled", process.Say());
    }
}
