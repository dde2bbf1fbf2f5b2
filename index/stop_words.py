"""Words too common to tell passages apart; pure data, the project's own list."""

from __future__ import annotations

INDONESIAN = frozenset(
    """
    ada adalah adanya adapun agak agar aja akan akhirnya aku amat anda antar antara apa apabila apakah apalagi atas atau ataupun
    bagaimana bagaimanakah bagai bagi bahkan bahwa banyak beberapa begini begitu belum berbagai berapa berapakah bersama besar
    bila bisa boleh bukan bukankah bukanlah
    cara cukup cuma
    dalam dan dapat dari daripada dengan demi demikian di dia diri dkk dll dr dsb dst dulu
    engga enggak
    gak guna
    hal hanya hanyalah harus hendak hingga
    ia ialah ini inilah itu itulah
    jadi jangan jika jikalau juga justru
    kalau kalaupun kali kalian kami kamu kan kapan kapankah karena karenanya kata katanya ke kecuali kemudian kenapa kepada
    kepadanya ketika khususnya kini kita
    lagi lah lain lainnya lalu lebih lewat lho
    maka makin maksud malah mampu mana manakah masih masing maupun melainkan melalui memang mengapa mengatakan mengenai menjadi
    menurut menurutnya mereka merupakan meski meskipun misal misalnya mungkin
    namun nanti nantinya nah nya nomor
    oleh orang
    pada padahal pak paling para pasti per pernah pula pun punya
    saat saja saling sama sambil sampai sang sangat saya se sebab sebagai sebagaimana sebaliknya sebelum sebelumnya sebuah secara
    sedang sedangkan segala sehingga sejak sejumlah sekali sekaligus sekarang sekitar selain selaku selalu selama selanjutnya
    seluruh semakin sementara semua seorang seperti sering serta sesuai sesuatu setelah setiap si siapa siapakah suatu sudah supaya
    tadi tak tanpa tapi telah tengah tentang tentu tentunya terhadap terkait termasuk ternyata tersebut tetap tetapi tiap tidak
    tidakkah tidaklah turut tutur tuturnya
    ucap ucapnya ujar ujarnya ungkap ungkapnya untuk usai
    waktu walau walaupun
    ya yaitu yakni yang
    dgn dlm dpt jg jgn krn pd sbg sdh spt tdk tlh tsb utk yg
    """.split()
)

ENGLISH = frozenset(
    """
    a about after all also am an and any are as at be because been before being between both but by can cannot could did do does
    doing done during each for from had has have having he her here hers him his how i if in into is it its itself just may me
    might more most must my no nor not of off on once only or other our ours out over own same shall she should so some such than
    that the their theirs them then there these they this those through to too under until up upon very was we were what when
    where which while who whom whose why will with would you your yours
    """.split()
)

STOP_WORDS = INDONESIAN | ENGLISH
"""In the form that `index.terms` gives words before it stems them."""
