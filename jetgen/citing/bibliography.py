"""The works that jetgen is based on, as entries of a bibliography."""

from __future__ import annotations

from typing import NamedTuple

from jetgen import __version__


class Work(NamedTuple):
    """A published work: BibTeX ``key``, ``authors`` joined by "and", and its place of publication.

    ``arxiv`` is the arXiv number; works that are not on arXiv have a ``venue``.
    """

    key: str
    authors: str
    title: str
    year: int
    arxiv: str = ""
    venue: str = ""

    @property
    def where(self) -> str:
        """Year, and arXiv number or venue."""
        return f"{self.year}, arXiv:{self.arxiv}" if self.arxiv else f"{self.year}, {self.venue}"

    @property
    def bibtex(self) -> str:
        """The BibTeX entry."""
        fields = {
            "author": self.authors,
            "title": f"{{{self.title}}}",
            "year": str(self.year),
            "eprint": self.arxiv,
            "archivePrefix": "arXiv" if self.arxiv else "",
            "howpublished": self.venue,
        }
        lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
        return f"@misc{{{self.key},\n" + ",\n".join(lines) + "\n}"


class Citation(NamedTuple):
    """A work, and the reason to cite it."""

    work: Work
    reason: str

    @property
    def bibtex(self) -> str:
        """The BibTeX entry after a comment with the reason."""
        return f"% {self.reason}\n{self.work.bibtex}"


_KMT = "Komiske, P. T. and Metodiev, E. M. and Thaler, J."

JETGEN = Work("jetgen", "{The jetgen developers}", "jetgen", 2026, venue=f"version {__version__}")
VAE = Work(
    "Kingma:2013", "Kingma, D. P. and Welling, M.", "Auto-Encoding Variational Bayes", 2013,
    "1312.6114",
)  # fmt: skip
BETA_VAE = Work(
    "Higgins:2017",
    "Higgins, I. and Matthey, L. and Pal, A. and Burgess, C. and Glorot, X. and Botvinick, M. and "
    "Mohamed, S. and Lerchner, A.",
    "beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework", 2017,
    venue="International Conference on Learning Representations",
)  # fmt: skip
FREE_BITS = Work(
    "Kingma:2016",
    "Kingma, D. P. and Salimans, T. and Jozefowicz, R. and Chen, X. and Sutskever, I. and "
    "Welling, M.",
    "Improving Variational Inference with Inverse Autoregressive Flow", 2016, "1606.04934",
)  # fmt: skip
JET_VAE = Work(
    "Touranakou:2022",
    "Touranakou, M. and Chernyavskaya, N. and Duarte, J. and Gunopulos, D. and Kansal, R. and "
    "Orzari, B. and Pierini, M. and Tomei, T. and Vlimant, J.-R.",
    "Particle-based Fast Jet Simulation at the LHC with Variational Autoencoders", 2022,
    "2203.00520",
)  # fmt: skip
SPARSE = Work(
    "Orzari:2021",
    "Orzari, B. and Tomei, T. and Pierini, M. and Touranakou, M. and Duarte, J. and Kansal, R. and "
    "Vlimant, J.-R. and Gunopulos, D.",
    "Sparse Data Generation for Particle-Based Simulation of Hadronic Jets in the LHC", 2021,
    "2109.15197",
)  # fmt: skip
MUON_GAN = Work(
    "Ahdida:2019",
    "Ahdida, C. and others",
    "Fast simulation of muons produced at the SHiP experiment using Generative Adversarial "
    "Networks", 2019, "1909.04451",
)  # fmt: skip
WAE = Work(
    "Tolstikhin:2017",
    r'Tolstikhin, I. and Bousquet, O. and Gelly, S. and Sch{\"o}lkopf, B.',
    "Wasserstein Auto-Encoders", 2017, "1711.01558",
)  # fmt: skip
MMD = Work(
    "Gretton:2012",
    r'Gretton, A. and Borgwardt, K. M. and Rasch, M. J. and Sch{\"o}lkopf, B. and Smola, A.',
    "A Kernel Two-Sample Test", 2012,
    venue="Journal of Machine Learning Research 13, 723",
)  # fmt: skip
SWAE = Work(
    "Kolouri:2018", "Kolouri, S. and Pope, P. E. and Martin, C. E. and Rohde, G. K.",
    "Sliced-Wasserstein Autoencoder", 2018, "1804.01947",
)  # fmt: skip
AAE = Work(
    "Makhzani:2015",
    "Makhzani, A. and Shlens, J. and Jaitly, N. and Goodfellow, I. and Frey, B.",
    "Adversarial Autoencoders", 2015, "1511.05644",
)  # fmt: skip
GAN = Work(
    "Goodfellow:2014",
    "Goodfellow, I. J. and Pouget-Abadie, J. and Mirza, M. and Xu, B. and Warde-Farley, D. and "
    "Ozair, S. and Courville, A. and Bengio, Y.",
    "Generative Adversarial Networks", 2014, "1406.2661",
)  # fmt: skip
LSGAN = Work(
    "Mao:2016",
    "Mao, X. and Li, Q. and Xie, H. and Lau, R. Y. K. and Wang, Z. and Smolley, S. P.",
    "Least Squares Generative Adversarial Networks", 2016, "1611.04076",
)  # fmt: skip
HINGE = Work("Lim:2017", "Lim, J. H. and Ye, J. C.", "Geometric GAN", 2017, "1705.02894")
WGAN_GP = Work(
    "Gulrajani:2017",
    "Gulrajani, I. and Ahmed, F. and Arjovsky, M. and Dumoulin, V. and Courville, A.",
    "Improved Training of Wasserstein GANs", 2017, "1704.00028",
)  # fmt: skip
FLOW_MATCHING = Work(
    "Lipman:2022",
    "Lipman, Y. and Chen, R. T. Q. and Ben-Hamu, H. and Nickel, M. and Le, M.",
    "Flow Matching for Generative Modeling", 2022, "2210.02747",
)  # fmt: skip
MUON = Work(
    "Liu:2025", "Liu, J. and Su, J. and Yao, X. and others",
    "Muon is Scalable for LLM Training", 2025, "2502.16982",
)  # fmt: skip
JET_FLOW_MATCHING = Work(
    "Buhmann:2023b", "Buhmann, E. and others",
    "EPiC-ly Fast Particle Cloud Generation with Flow-Matching and Diffusion", 2023, "2310.00049",
)  # fmt: skip
EQUIVARIANT_FLOW_MATCHING = Work(
    "Klein:2023", "Klein, L. and Kraemer, A. and Noe, F.",
    "Equivariant flow matching", 2023, "2306.15030",
)  # fmt: skip
PROGRESSIVE_DISTILLATION = Work(
    "Salimans:2022", "Salimans, T. and Ho, J.",
    "Progressive Distillation for Fast Sampling of Diffusion Models", 2022, "2202.00512",
)  # fmt: skip
FAST_POINT_CLOUDS = Work(
    "Mikuni:2023", "Mikuni, V. and Nachman, B. and Pettee, M.",
    "Fast Point Cloud Generation with Diffusion Models in High Energy Physics", 2023, "2304.01266",
)  # fmt: skip
LATENT_FLOW_MATCHING = Work(
    "Dao:2023", "Dao, Q. and Phung, H. and Nguyen, B. and Tran, A.",
    "Flow Matching in Latent Space", 2023, "2307.08698",
)  # fmt: skip
DEEP_SETS = Work(
    "Zaheer:2017",
    "Zaheer, M. and Kottur, S. and Ravanbakhsh, S. and Poczos, B. and Salakhutdinov, R. and "
    "Smola, A.",
    "Deep Sets", 2017, "1703.06114",
)  # fmt: skip
ENERGY_FLOW_NETWORKS = Work(
    "Komiske:2018", _KMT, "Energy Flow Networks: Deep Sets for Particle Jets", 2018, "1810.05165"
)
EPIC = Work(
    "Buhmann:2023a", "Buhmann, E. and Kasieczka, G. and Thaler, J.",
    "EPiC-GAN: Equivariant Point Cloud Generation for Particle Jets", 2023, "2301.08128",
)  # fmt: skip
DYNAMIC_GRAPH = Work(
    "Wang:2018",
    "Wang, Y. and Sun, Y. and Liu, Z. and Sarma, S. E. and Bronstein, M. M. and Solomon, J. M.",
    "Dynamic Graph CNN for Learning on Point Clouds", 2018, "1801.07829",
)  # fmt: skip
PARTICLE_NET = Work(
    "Qu:2019", "Qu, H. and Gouskos, L.", "ParticleNet: Jet Tagging via Particle Clouds", 2019,
    "1902.08570",
)  # fmt: skip
MESSAGE_PASSING = Work(
    "Kansal:2021",
    "Kansal, R. and Duarte, J. and Su, H. and Orzari, B. and Tomei, T. and Pierini, M. and "
    "Touranakou, M. and Vlimant, J.-R. and Gunopulos, D.",
    "Particle Cloud Generation with Message Passing Generative Adversarial Networks", 2021,
    "2106.11535",
)  # fmt: skip
TRANSFORMER = Work(
    "Vaswani:2017",
    "Vaswani, A. and Shazeer, N. and Parmar, N. and Uszkoreit, J. and Jones, L. and Gomez, A. N. "
    "and Kaiser, L. and Polosukhin, I.",
    "Attention Is All You Need", 2017, "1706.03762",
)  # fmt: skip
SET_TRANSFORMER = Work(
    "Lee:2018",
    "Lee, J. and Lee, Y. and Kim, J. and Kosiorek, A. R. and Choi, S. and Teh, Y. W.",
    "Set Transformer: A Framework for Attention-based Permutation-Invariant Neural Networks", 2018,
    "1810.00825",
)  # fmt: skip
EVALUATING = Work(
    "Kansal:2022",
    "Kansal, R. and Li, A. and Duarte, J. and Chernyavskaya, N. and Pierini, M. and Orzari, B. and "
    "Tomei, T.",
    "Evaluating generative models in high energy physics", 2022, "2211.10295",
)  # fmt: skip
SPLINE_FLOWS = Work(
    "Durkan:2019", "Durkan, C. and Bekasov, A. and Murray, I. and Papamakarios, G.",
    "Neural Spline Flows", 2019, "1906.04032",
)  # fmt: skip
METRIC_SPACE = Work(
    "Komiske:2019a", _KMT, "The Metric Space of Collider Events", 2019, "1902.02346"
)
SINKHORN = Work(
    "Feydy:2018",
    r"Feydy, J. and S{\'e}journ{\'e}, T. and Vialard, F.-X. and Amari, S. and Trouv{\'e}, A. and "
    r"Peyr{\'e}, G.",
    "Interpolating between Optimal Transport and MMD using Sinkhorn Divergences", 2018,
    "1810.08278",
)  # fmt: skip
EFPS = Work(
    "Komiske:2017", _KMT,
    "Energy flow polynomials: A complete linear basis for jet substructure", 2017, "1712.07124",
)  # fmt: skip
CUTTING = Work(
    "Komiske:2019b", _KMT, "Cutting Multiparticle Correlators Down to Size", 2019, "1911.04491"
)
ANGULARITIES = Work(
    "Larkoski:2014a", "Larkoski, A. J. and Thaler, J. and Waalewijn, W. J.",
    "Gaining (Mutual) Information about Quark/Gluon Discrimination", 2014, "1408.3122",
)  # fmt: skip
CORRELATORS = Work(
    "Larkoski:2013", "Larkoski, A. J. and Salam, G. P. and Thaler, J.",
    "Energy Correlation Functions for Jet Substructure", 2013, "1305.0007",
)  # fmt: skip
POWER_COUNTING = Work(
    "Larkoski:2014b", "Larkoski, A. J. and Moult, I. and Neill, D.",
    "Power Counting to Better Jet Observables", 2014, "1409.6298",
)  # fmt: skip
SUBJETTINESS = Work(
    "Thaler:2010", "Thaler, J. and Van Tilburg, K.",
    "Identifying Boosted Objects with N-subjettiness", 2010, "1011.2268",
)  # fmt: skip
SOFT_DROP = Work(
    "Larkoski:2014c", "Larkoski, A. J. and Marzani, S. and Soyez, G. and Thaler, J.", "Soft Drop",
    2014, "1402.2657",
)  # fmt: skip
ACTIVE_UNITS = Work(
    "Burda:2015", "Burda, Y. and Grosse, R. and Salakhutdinov, R.",
    "Importance Weighted Autoencoders", 2015, "1509.00519",
)  # fmt: skip
PYTHIA = Work(
    "Bierlich:2022", "Bierlich, C. and others",
    "A comprehensive guide to the physics and usage of PYTHIA 8.3", 2022, "2203.11601",
)  # fmt: skip
FASTJET = Work(
    "Cacciari:2011", "Cacciari, M. and Salam, G. P. and Soyez, G.", "FastJet user manual", 2011,
    "1111.6097",
)  # fmt: skip
FASTJET_SPEED = Work(
    "Cacciari:2005", "Cacciari, M. and Salam, G. P.",
    "Dispelling the $N^3$ myth for the $k_t$ jet-finder", 2005, "hep-ph/0512210",
)  # fmt: skip
ANTI_KT = Work(
    "Cacciari:2008", "Cacciari, M. and Salam, G. P. and Soyez, G.",
    "The anti-$k_t$ jet clustering algorithm", 2008, "0802.1189",
)  # fmt: skip
LHC_OLYMPICS = Work(
    "Kasieczka:2021",
    "Kasieczka, Gregor and Nachman, Benjamin and Shih, David and others",
    "The LHC Olympics 2020: A Community Challenge for Anomaly Detection in High Energy Physics",
    2021,
    "2101.08320",
)
ASPEN_OPEN_JETS = Work(
    "Amram:2024",
    "Amram, Oz and Anzalone, Luca and Birk, Joschka and others",
    "Aspen Open Jets: Unlocking LHC Data for Foundation Models in Particle Physics",
    2024,
    "2412.10504",
)
OMNILEARN = Work(
    "Mikuni:2024",
    "Mikuni, Vinicius and Nachman, Benjamin",
    "OmniLearn: A Method to Simultaneously Facilitate All Jet Physics Tasks",
    2024,
    "2404.16091",
)
DIJET_GAN = Work(
    "DiSipio:2019",
    "Di Sipio, Riccardo and Faucci Giannelli, Michele and Ketabchi Haghighat, Sana and "
    "Palazzo, Serena",
    "DijetGAN: A Generative-Adversarial Network Approach for the Simulation of QCD Dijet Events "
    "at the LHC",
    2019,
    "1903.02433",
)
LHC_JETS = Work(
    "Duarte:2018", "Duarte, J. and others",
    "Fast inference of deep neural networks in FPGAs for particle physics", 2018, "1804.06913",
)  # fmt: skip

BY_KEY = {work.key: work for work in list(vars().values()) if isinstance(work, Work)}
"""Every work by its key."""
